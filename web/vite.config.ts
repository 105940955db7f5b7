import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  base: "/web/",
  plugins: [react()],
  build: {
    target: "es2022",
    // Monaco alone is larger than the default warning allows; it is served from the same machine.
    chunkSizeWarningLimit: 5000,
    rolldownOptions: {
      input: ["graphiql/index.html", "watch/index.html"],
      // GraphiQL's files say "use no memo" to a compiler that is not used here.
      checks: { moduleLevelDirective: false },
    },
  },
  server: { proxy: { "/graphql": "http://127.0.0.1:8000" } },
});
