/** The exchange's week as `GET /exchange/schedule` shows it: always open but for the maintenance on Thursdays, US Eastern time. */
import { timeText } from "@kalshibook/core/kalshi/WireText"
import type { MaintenanceWindow } from "../exchange/Exchange.ts"

const allDay = [{ open_time: "00:00", close_time: "00:00" }]
const thursday = [
  { open_time: "00:00", close_time: "03:00" },
  { open_time: "05:00", close_time: "00:00" }
]

/** The week, with the windows of maintenance that are planned. */
export const of = (maintenance: ReadonlyArray<MaintenanceWindow>): unknown => ({
  schedule: {
    standard_hours: [
      {
        start_time: "2026-01-01T00:00:00Z",
        end_time: "2027-01-01T00:00:00Z",
        monday: allDay,
        tuesday: allDay,
        wednesday: allDay,
        thursday,
        friday: allDay,
        saturday: allDay,
        sunday: allDay
      }
    ],
    maintenance_windows: maintenance.map(({ fromMicros, untilMicros }) => ({
      start_datetime: timeText(fromMicros),
      end_datetime: timeText(untilMicros)
    }))
  }
})
