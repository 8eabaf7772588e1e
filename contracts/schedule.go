package contracts

// Limits of schedules.
const (
	MaxSchedules       = 1000     // as many as there may be
	MaxScheduleSize    = 44 << 10 // a ScheduleRequest as JSON, its mission with the payload included
	MaxCronLength      = 256
	MaxEverySeconds    = 31_536_000 // 365 days
	MaxScheduleRuns    = 20         // the latest ones, which a schedule shows
	MaxScheduleTimes   = 5          // the next ones, which it shows
	MaxMissedRuns      = 100        // are caught up with by MissedAll
	ScheduleLabel      = "schedule" // of a schedule's missions: its name
	DefaultTimeZone    = "UTC"
	DefaultMissedRuns  = MissedLast
	DefaultOverlapping = OverlapAllow
)

// MissedRuns says what becomes of the runs whose time passed while no commander could order them.
type MissedRuns string

// What becomes of them.
const (
	// MissedSkip: nothing.
	MissedSkip MissedRuns = "skip"
	// MissedLast: the latest one is ordered, unless a later run is just due.
	MissedLast MissedRuns = "last"
	// MissedAll: the latest MaxMissedRuns are ordered.
	MissedAll MissedRuns = "all"
)

// Overlap says what becomes of a run that is due while the schedule's last mission has not ended.
type Overlap string

// What becomes of it.
const (
	OverlapAllow Overlap = "allow"
	OverlapSkip  Overlap = "skip"
)

// ScheduleRequest is the body of PUT /schedules/{name}: when to order which mission. Either Cron or EverySeconds is given.
type ScheduleRequest struct {
	// Cron has five fields (minute, hour, day, month, day of the week), six with the second before them, or is
	// @hourly, @daily, @weekly, @monthly or @yearly.
	Cron string `json:"cron,omitempty"`
	// EverySeconds is 1 to MaxEverySeconds: at the times that it divides, counted from 1970-01-01T00:00:00Z.
	EverySeconds int `json:"every_seconds,omitempty"`
	// TimeZone is where Cron's wall clock hangs, an IANA name such as Europe/Berlin; default DefaultTimeZone.
	TimeZone string `json:"time_zone,omitempty"`
	// Mission is what is ordered each time: without RunAt, DelaySeconds, and a label ScheduleLabel.
	Mission MissionRequest `json:"mission"`
	Missed  MissedRuns     `json:"missed,omitempty"`
	Overlap Overlap        `json:"overlap,omitempty"`
	// Paused: nothing is ordered. Left out, a schedule stays as it is, and a new one is not paused.
	Paused *bool `json:"paused,omitempty"`
}

// Schedule is one as the commander's API shows it.
type Schedule struct {
	Name         string `json:"name"`
	Cron         string `json:"cron,omitempty"`
	EverySeconds int    `json:"every_seconds,omitempty"`
	TimeZone     string `json:"time_zone,omitempty"`
	// Mission is without its payload in lists.
	Mission   MissionRequest `json:"mission"`
	Missed    MissedRuns     `json:"missed"`
	Overlap   Overlap        `json:"overlap"`
	Paused    bool           `json:"paused"`
	CreatedAt Time           `json:"created_at"`
	UpdatedAt Time           `json:"updated_at"`
	// NextAt is when the next run is due; zero while it is paused, or where there is none.
	NextAt Time `json:"next_at,omitzero"`
	// LastAt is the time of the run that was ordered last, LastMissionID its mission.
	LastAt        Time   `json:"last_at,omitzero"`
	LastMissionID string `json:"last_mission_id,omitempty"`
	// Runs are the latest ones, the newest first. Lists leave them out.
	Runs []ScheduleRun `json:"runs,omitempty"`
	// NextTimes are those from NextAt on. Lists leave them out.
	NextTimes []Time `json:"next_times,omitempty"`
}

// ScheduleRun is a run of a schedule: a mission that was ordered, or why none was.
type ScheduleRun struct {
	// At is the time that it was due, or of the first of several that were skipped.
	At Time `json:"at"`
	// Until is the time of the last of several that were skipped.
	Until Time `json:"until,omitzero"`
	// MissionID is what was ordered.
	MissionID string `json:"mission_id,omitempty"`
	// Skipped is why nothing was ordered.
	Skipped SkippedRun `json:"skipped,omitempty"`
	// Detail says more, for people.
	Detail string `json:"detail,omitempty"`
}

// SkippedRun is why a run ordered nothing.
type SkippedRun string

// Why.
const (
	// SkippedMissed: its time passed while no commander could order it, and MissedRuns wants it no more.
	SkippedMissed SkippedRun = "missed"
	// SkippedOverlap: the schedule's last mission had not ended.
	SkippedOverlap SkippedRun = "overlap"
	// SkippedRefused: the mission could not be created; Detail says why.
	SkippedRefused SkippedRun = "refused"
)
