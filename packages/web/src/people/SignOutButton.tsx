/** Ends the session of this browser, and what it keeps of keys. */
import { useMutation } from "@tanstack/react-query"
import { useNavigate } from "@tanstack/react-router"
import { Button } from "../design/Button.tsx"
import * as ApiKey from "../session/ApiKey.ts"

export const SignOutButton = () => {
  const navigate = useNavigate()
  const leave = useMutation({
    mutationFn: () => import("../session/Auth.ts").then(({ signOut }) => signOut()),
    onSettled: () => {
      ApiKey.set(undefined)
      return navigate({ to: "/" })
    }
  })
  return (
    <Button disabled={leave.isPending} onClick={() => leave.mutate()}>
      Sign out
    </Button>
  )
}
