// adapter: where the page begins in the browser.
/** Puts the site on the page. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query"
import { RouterProvider } from "@tanstack/react-router"
import { createRoot } from "react-dom/client"
import * as Problem from "./api/Problem.ts"
import { router } from "./app/Router.tsx"
import * as Theme from "./app/Theme.ts"
import * as Known from "./session/Known.ts"
import * as Session from "./session/Session.ts"
import "./styles.css"

const retriesMax = 4
const retryMillisMax = 10_000

const client = new QueryClient({
  defaultOptions: {
    // The server may be on the same machine: a browser that has no network asks it all the same.
    mutations: { networkMode: "always" },
    queries: {
      networkMode: "always",
      retry: (failures, error) => failures < retriesMax && Problem.isProblem(error) && Problem.isPassing(error),
      retryDelay: (failures, error) =>
        Problem.isProblem(error) && error.retryAfterSeconds !== undefined
          ? error.retryAfterSeconds * 1_000
          : Math.min(500 * 2 ** failures, retryMillisMax),
      refetchOnWindowFocus: false
    }
  }
})

// What was refused to nobody may be answered to somebody, and the other way round.
Known.subscribe(() => void client.resetQueries())
Session.refreshBy(() => import("./session/Auth.ts").then(({ refreshed }) => refreshed()))
Theme.apply()

const place = document.getElementById("root")
if (place !== null) {
  createRoot(place).render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  )
}
