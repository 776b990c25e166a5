/** The paths of all pages, in the router's way of writing them. The server reads them from the build, so that both know the same pages. */
export const pagePaths = {
  landing: "/",
  explore: "/explore",
  series: "/series/$ticker",
  event: "/events/$ticker",
  market: "/markets/$ticker",
  coverage: "/coverage",
  status: "/status",
  playground: "/playground",
  pricing: "/pricing",
  keys: "/keys",
  usage: "/usage",
  billing: "/billing",
  downloads: "/downloads",
  signIn: "/sign-in",
  signUp: "/sign-up",
  recover: "/recover",
  newPassword: "/new-password",
  welcome: "/welcome",
  join: "/join",
  account: "/account"
} as const
