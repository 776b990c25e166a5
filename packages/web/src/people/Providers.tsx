/** Ways in besides mail, as the auth server is configured. */
import { useMutation, useQuery } from "@tanstack/react-query"
import { Button } from "../design/Button.tsx"
import * as Auth from "../session/Auth.ts"
import { AuthProblem } from "./AuthFields.tsx"

const titleOf = (provider: string): string =>
  ({ github: "GitHub", gitlab: "GitLab", linkedin_oidc: "LinkedIn" })[provider] ??
  provider.slice(0, 1).toUpperCase() + provider.slice(1)

export const Providers = ({ next }: { readonly next: string }) => {
  const { data = [] } = useQuery({ queryKey: ["providers"], queryFn: Auth.providers, staleTime: 600_000, retry: false })
  const leave = useMutation({ mutationFn: (provider: string) => Auth.signInWith(provider, next) })
  if (data.length === 0) return null
  return (
    <div className="mt-4 grid gap-2 border-t border-line pt-4">
      {data.map((provider) => (
        <Button key={provider} className="min-h-9" disabled={leave.isPending} onClick={() => leave.mutate(provider)}>
          Go on with {titleOf(provider)}
        </Button>
      ))}
      <AuthProblem problem={leave.error} />
    </div>
  )
}
