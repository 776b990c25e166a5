/**
 * The exchange's week as `GET /exchange/schedule` shows it: always open. Kalshi's own rests on Thursdays (03:00 to 05:00, US Eastern time); this
 * one does not, so that what is tried with it is the same on every day. Maintenance is a fault that is made (`maintenance`).
 */
import { timeText } from "@kalshibook/core/kalshi/WireText"
import type { MaintenanceWindow } from "../exchange/Exchange.ts"

const allDay = [{ open_time: "00:00", close_time: "00:00" }]

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
        thursday: allDay,
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
