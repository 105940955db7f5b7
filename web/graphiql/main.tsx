import "graphiql/setup-workers/vite";
import "graphiql/style.css";
import "@graphiql/plugin-explorer/style.css";
import "./page.css";

import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { pick, useGraphiQL } from "@graphiql/react";
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

/** GraphiQL fills the first tab's query into its editor when it starts, and forgets its variables. */
function FirstVariables() {
  const { variableEditor, tabs, activeTabIndex } = useGraphiQL(pick("variableEditor", "tabs", "activeTabIndex"));
  useEffect(() => {
    if (variableEditor?.getValue() === "") {
      variableEditor.setValue(tabs[activeTabIndex]?.variables ?? "");
    }
    // Only when the editor appears: from then on GraphiQL itself fills it at every change of tab.
  }, [variableEditor]);
  return null;
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
        <FirstVariables />
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
