/** The exchange's week as `GET /exchange/schedule` shows it: always open but for the maintenance on Thursdays, US Eastern time. */

const allDay = [{ open_time: "00:00", close_time: "00:00" }]
const thursday = [
  { open_time: "00:00", close_time: "03:00" },
  { open_time: "05:00", close_time: "00:00" }
]

export const exchangeSchedule = {
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
    maintenance_windows: []
  }
} as const
