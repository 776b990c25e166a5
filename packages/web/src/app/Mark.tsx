/** The sign of the house: a ladder of two sides. */
export const Mark = () => (
  <svg aria-hidden="true" viewBox="0 0 24 24" className="size-6" strokeWidth="2.4" strokeLinecap="round">
    <path d="M4 5.5h8M4 9.5h4.5" stroke="var(--no)" />
    <path d="M4 14.5h16M4 18.5h10" stroke="var(--yes)" />
  </svg>
)
