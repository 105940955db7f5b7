import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { type MonacoEditor, pick, useGraphiQL } from "@graphiql/react";
import { createGraphiQLFetcher } from "@graphiql/toolkit";
import { GraphiQL } from "graphiql";
import { StrictMode, useEffect } from "react";
import { createRoot } from "react-dom/client";

import { readConfig } from "./config";
import { pageStorage } from "./storage";
import { defaultHeaders, defaultTabs } from "./tabs";

const config = readConfig(document);
const explorer = explorerPlugin({});
const plugins = [HISTORY_PLUGIN, explorer];
const fetcher = createGraphiQLFetcher({ url: config.endpoint });
const tabs = defaultTabs(config);
const headers = defaultHeaders(config);

/** What GraphiQL has no setting for, done once its editors are there. */
function EditorSetup() {
  const { queryEditor, variableEditor, tabs, activeTabIndex } = useGraphiQL(
    pick("queryEditor", "variableEditor", "tabs", "activeTabIndex"),
  );
  const tab = tabs[activeTabIndex];
  useEffect(() => queryEditor?.updateOptions({ wordWrap: "on", wrappingIndent: "indent" }), [queryEditor]);
  // At a start it leaves the variables out, and where the open tab is not the first its query too.
  useEffect(() => fillIfEmpty(queryEditor, tab?.query), [queryEditor]);
  useEffect(() => fillIfEmpty(variableEditor, tab?.variables), [variableEditor]);
  return null;
}

function fillIfEmpty(editor: MonacoEditor | undefined, text: string | null | undefined) {
  if (editor && text && editor.getValue() === "") editor.setValue(text);
}

function Page() {
  return (
    <GraphiQL
      fetcher={fetcher}
      plugins={plugins}
      visiblePlugin={explorer}
      storage={pageStorage}
      defaultTabs={tabs}
      defaultHeaders={headers}
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility="variables"
      inputValueDeprecation
      schemaDescription
    >
      <GraphiQL.Logo>
        <EditorSetup />
        <span className="marquee-logo">Marquee</span>
      </GraphiQL.Logo>
    </GraphiQL>
  );
}

createRoot(document.getElementById("graphiql")!).render(
  <StrictMode>
    <Page />
  </StrictMode>,
);
