/** The endpoints about the server itself: what it serves, whether it is well, and what its problems mean. */

import { HttpApiEndpoint, HttpApiGroup, HttpApiSchema, OpenApi } from "effect/http-api"
import * as Schema from "effect/Schema"
import { problems, problemsOfAll } from "./Problems.ts"
import { UnknownRoute } from "./ProblemsOfServer.ts"
import { answerFields } from "./Scalars.ts"
import { Health, Index, Status } from "./StatusAnswer.ts"

const ProblemMeaning = Schema.Struct({
  code: Schema.String.annotate({ examples: ["before_first_record"] }),
  type: Schema.String.annotate({ description: "The `type` of the problem: the path of this description." }),
  docs: Schema.String.annotate({ description: "Where the documentation describes it." }),
  title: Schema.String,
  status: Schema.Int.annotate({ description: "The HTTP status it comes with." }),
  meaning: Schema.String.annotate({ description: "What it means and what to do." })
}).annotate({ identifier: "ProblemMeaning", description: "What a kind of problem means." })

export const ProblemAnswer = Schema.Struct({ problem: ProblemMeaning, ...answerFields }).annotate({
  identifier: "ProblemAnswer",
  description: "What a kind of problem means."
})

export const StatusGroup = HttpApiGroup.make("status")
  .add(
    HttpApiEndpoint.get("status", "/v1/status", {
      success: Status,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getStatus",
        summary: "What is served",
        description: "Where the data comes from, whether it is being recorded, and up to when everything is stored."
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Status", description: "What is served, and how fresh it is." }))

export const HealthGroup = HttpApiGroup.make("health")
  .add(
    HttpApiEndpoint.get("healthz", "/healthz", {
      success: Health,
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getHealth",
        summary: "Whether the server is well",
        description: "200 when the server answers and reaches its database, 503 when it does not reach it."
      })
    ),
    HttpApiEndpoint.get("metrics", "/metrics", {
      success: Schema.String.annotate({ description: "Metrics in the text format of Prometheus." }).pipe(
        HttpApiSchema.asText({ contentType: "text/plain; version=0.0.4; charset=utf-8" })
      ),
      error: [...problemsOfAll]
    }).annotateMerge(
      OpenApi.annotations({ identifier: "getMetrics", summary: "Metrics", description: "For Prometheus." })
    ),
    HttpApiEndpoint.get("index", "/", { success: Index, error: [...problemsOfAll] }).annotateMerge(
      OpenApi.annotations({ identifier: "getIndex", summary: "What there is", description: "Links to everything." })
    ),
    HttpApiEndpoint.get("problem", "/problems/:code", {
      params: {
        code: Schema.String.annotate({ description: "A kind of problem.", examples: ["before_first_record"] })
      },
      success: ProblemAnswer,
      error: [...problemsOfAll, UnknownRoute]
    }).annotateMerge(
      OpenApi.annotations({
        identifier: "getProblem",
        summary: "What a problem means",
        description: `The \`type\` of every problem leads here. Codes: ${Object.keys(problems)
          .map((code) => `\`${code}\``)
          .join(", ")}.`
      })
    )
  )
  .annotateMerge(OpenApi.annotations({ title: "Server", description: "The server itself." }))
