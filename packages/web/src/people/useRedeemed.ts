/** What the address has brought from a mail, taken once; and what came of it. */
import { useQuery } from "@tanstack/react-query"
import * as Auth from "../session/Auth.ts"

export const useRedeemed = (): { readonly isReady: boolean; readonly problem: unknown } => {
  const { error, isPending } = useQuery({
    queryKey: ["redeemed"],
    queryFn: () => Auth.redeem().then(() => true),
    staleTime: 0,
    gcTime: 0,
    retry: false
  })
  return { isReady: !isPending, problem: error }
}
