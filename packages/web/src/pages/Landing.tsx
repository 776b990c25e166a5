/** The front page: what it is in one sentence, a real book that moves, what it costs, and three lines that work. */
import { useQuery } from "@tanstack/react-query"
import { Link } from "@tanstack/react-router"
import type { ExchangeCoverage } from "../api/Answers.ts"
import * as Queries from "../api/Queries.ts"
import { buttonClass } from "../design/Button.tsx"
import { Fact, Facts } from "../design/Panel.tsx"
import { nowMicros } from "../format/Clock.ts"
import * as Instant from "../format/Instant.ts"
import * as Numbers from "../format/Numbers.ts"
import { CurlLines } from "../landing/CurlLines.tsx"
import { LivingBook } from "../landing/LivingBook.tsx"
import { useShowcase } from "../landing/useShowcase.ts"
import { Tiers } from "../pricing/Tiers.tsx"

const hourMicros = 3_600_000_000

const Section = (props: { readonly title: string; readonly lead?: string; readonly children: React.ReactNode }) => (
  <section className="border-t border-line">
    <div className="mx-auto max-w-[84rem] px-4 py-10 sm:px-6 sm:py-14">
      <h2 className="text-lg font-semibold tracking-tight">{props.title}</h2>
      {props.lead === undefined ? null : <p className="mt-1 max-w-2xl text-soft text-pretty">{props.lead}</p>}
      <div className="mt-6">{props.children}</div>
    </div>
  </section>
)

export const Landing = () => {
  const showcase = useShowcase()
  return (
    <>
      <section className="mx-auto grid max-w-[84rem] gap-8 px-4 py-8 sm:px-6 sm:py-10 lg:grid-cols-[22rem_minmax(0,1fr)] lg:gap-12">
        <div className="self-center">
          <h1 className="text-[2.125rem] leading-[1.12] font-semibold tracking-tight text-balance sm:text-[2.625rem]">
            Every Kalshi order book, at any moment.
          </h1>
          <p className="mt-4 max-w-lg text-base text-soft text-pretty">
            An API for the order books of the Kalshi prediction exchange: full depth of every market, live, and as it
            was at any microsecond. Exact, with its proof, and with every gap shown.
          </p>
          <div className="mt-6 flex flex-wrap gap-2">
            <Link to="/keys" className={buttonClass("primary", "min-h-9 px-4")}>
              Get an API key
            </Link>
            <Link to="/explore" className={buttonClass("plain", "min-h-9 px-4")}>
              Explore the data
            </Link>
          </div>
          <Offer />
          <Live />
        </div>
        <LivingBook showcase={showcase} />
      </section>
      {showcase.shown === undefined && !showcase.isLoading ? null : (
        <Section
          title="Three lines that work"
          lead="As they are, without a key: what they ask for is open to everybody."
        >
          <CurlLines shown={showcase.shown} />
        </Section>
      )}
      <Section title="What it promises">
        <div className="grid gap-x-10 gap-y-8 sm:grid-cols-2 lg:grid-cols-4">
          <Promise title="Exact">
            Every change of every level, in whole numbers from the wire to the answer. A book rebuilt from any snapshot
            is the book that saw everything.
          </Promise>
          <Promise title="Honest">
            Where something was lost there is a gap record with its cause, and a book that it touches says stale. You
            are not charged for what we lost.
          </Promise>
          <Promise title="Proved">
            Each answer names the records that it is folded from. The same records are yours to fold, and the hash of
            the book tells whether you did.
          </Promise>
          <Promise title="Ready for backtests">
            Whole days as Parquet, CSV or NDJSON, or as the files of nautilus_trader, hftbacktest and tardis, each with
            its SHA-256.
          </Promise>
        </div>
      </Section>
      <Section
        title="Prices"
        lead="A credit is a book at a moment, ten books of an event, a hundred samples, or 250 records. What is empty, stale or refused costs nothing."
      >
        <Tiers />
        <p className="mt-4 text-sm">
          <Link to="/pricing" className="link">
            What each call costs
          </Link>
        </p>
      </Section>
    </>
  )
}

const Promise = (props: { readonly title: string; readonly children: React.ReactNode }) => (
  <div>
    <h3 className="font-semibold">{props.title}</h3>
    <p className="mt-1 text-soft text-pretty">{props.children}</p>
  </div>
)

/** What it costs to begin, and after that, from the table. */
const Offer = () => {
  const { data } = useQuery(Queries.pricing)
  const free = data?.tiers.find(({ tier }) => tier === "free")
  const paid = data?.tiers.find(({ credit_price_dollars }) => credit_price_dollars !== null)
  return (
    <p className="mt-3 min-h-5 text-sm text-soft">
      {free === undefined ? null : `${Numbers.count(free.credits_monthly)} books a month free, no card.`}
      {paid?.credit_price_dollars == null ? null : ` Then ${Numbers.dollars(paid.credit_price_dollars)} each.`}
    </p>
  )
}

/** What is known of the time since each market's recording began. What came before it is on the page of coverage. */
const knownWhileRecorded = (totals: ExchangeCoverage["totals"]): number | null => {
  const before = totals.lost.find(({ cause }) => cause === "not_recorded")?.seconds ?? 0
  const seconds = totals.open_market_seconds - before
  return seconds <= 0 ? null : Math.min(1, totals.trusted_market_seconds / seconds)
}

/** Figures of the system that answers, not of a brochure. */
const Live = () => {
  const status = useQuery({ ...Queries.status, refetchInterval: 5_000 })
  const toMicros = Math.floor(nowMicros() / hourMicros) * hourMicros + hourMicros
  const day = { from: Instant.isoShort(toMicros - 24 * hourMicros), to: Instant.isoShort(toMicros) }
  const coverage = useQuery(Queries.coverage(day))
  const { data } = status
  const ratio = coverage.data === undefined ? null : knownWhileRecorded(coverage.data.totals)
  return (
    <div className="mt-8 border-t border-line pt-5">
      <Facts className="grid-cols-2">
        <Fact name="Markets being recorded">{data === undefined ? "…" : Numbers.count(data.markets_recorded)}</Fact>
        <Fact name="Records stored a second">
          {data?.records_per_second == null ? "…" : Numbers.count(Math.round(data.records_per_second))}
        </Fact>
        <Fact name="Behind the exchange">
          {data?.watermark == null ? "…" : Numbers.duration(data.watermark.lag_seconds)}
        </Fact>
        <Fact name="Known while recorded">{ratio === null ? "…" : Numbers.percent(ratio)}</Fact>
      </Facts>
      {data?.source.simulated === true ? (
        <p className="mt-3 text-xs text-faint text-pretty">{data.source.description}</p>
      ) : null}
    </div>
  )
}
