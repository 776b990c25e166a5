/** Which page stands at which path. Each page is loaded when it is first wanted. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from "@tanstack/react-router"
import { Page } from "../design/Panel.tsx"
import { Empty, Loading, Refused } from "../design/States.tsx"
import { Landing } from "../pages/Landing.tsx"
import { Frame } from "./Frame.tsx"
import { pagePaths } from "./PagePaths.ts"

const root = createRootRoute({ component: Frame, notFoundComponent: () => <NotFound /> })

const NotFound = () => (
  <Page title="There is no such page">
    <Empty title="The address leads nowhere">
      Perhaps it was copied without its end. Everything begins at Explore.
    </Empty>
  </Page>
)

/** A moment in the address, as ISO 8601 or Unix seconds: the market's page says when it is neither. */
const moment = (search: Readonly<Record<string, unknown>>): { readonly at?: string } => {
  const { at } = search
  return typeof at === "string" || typeof at === "number" ? { at: String(at) } : {}
}

const words = (search: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(search).map(([name, value]) => [name, String(value)]))

const tree = root.addChildren([
  createRoute({ getParentRoute: () => root, path: pagePaths.landing, component: Landing }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.explore,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/Explore.tsx"), "Explore")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.series,
    component: lazyRouteComponent(() => import("../pages/Series.tsx"), "Series")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.event,
    component: lazyRouteComponent(() => import("../pages/Event.tsx"), "Event")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.market,
    validateSearch: moment,
    component: lazyRouteComponent(() => import("../pages/Market.tsx"), "Market")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.coverage,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/Coverage.tsx"), "Coverage")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.status,
    component: lazyRouteComponent(() => import("../pages/Status.tsx"), "Status")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.playground,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/Playground.tsx"), "Playground")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.pricing,
    component: lazyRouteComponent(() => import("../pages/Pricing.tsx"), "Pricing")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.keys,
    component: lazyRouteComponent(() => import("../pages/Keys.tsx"), "Keys")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.usage,
    component: lazyRouteComponent(() => import("../pages/Usage.tsx"), "Usage")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.billing,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/Billing.tsx"), "Billing")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.downloads,
    component: lazyRouteComponent(() => import("../pages/Downloads.tsx"), "Downloads")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.signIn,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/SignIn.tsx"), "SignIn")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.signUp,
    validateSearch: words,
    component: lazyRouteComponent(() => import("../pages/SignUp.tsx"), "SignUp")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.recover,
    component: lazyRouteComponent(() => import("../pages/Recover.tsx"), "Recover")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.newPassword,
    component: lazyRouteComponent(() => import("../pages/NewPassword.tsx"), "NewPassword")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.welcome,
    component: lazyRouteComponent(() => import("../pages/Welcome.tsx"), "Welcome")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.join,
    component: lazyRouteComponent(() => import("../pages/Join.tsx"), "Join")
  }),
  createRoute({
    getParentRoute: () => root,
    path: pagePaths.account,
    component: lazyRouteComponent(() => import("../pages/Account.tsx"), "Account")
  })
])

export const router = createRouter({
  routeTree: tree,
  defaultPreload: "intent",
  scrollRestoration: true,
  defaultPendingComponent: () => <Loading lines={8} />,
  defaultErrorComponent: ({ error }) => <Refused problem={error} />
})

declare module "@tanstack/react-router" {
  interface Register {
    readonly router: typeof router
  }
}
