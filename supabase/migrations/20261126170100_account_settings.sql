-- The one thing that the API changes of an account, on the customer's own word: its monthly cap.
grant update (cap_credits) on accounts to kalshibook_api;
