import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  root: "graphiql",
  base: "/graphiql/",
  plugins: [react()],
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    // Monaco alone is larger than the default warning allows; it is served from the same machine.
    chunkSizeWarningLimit: 5000,
    // GraphiQL's files say "use no memo" to a compiler that is not used here.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8000" } },
});
