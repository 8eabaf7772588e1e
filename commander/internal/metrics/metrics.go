package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/mission-control-dev/mission-control/contracts"
)

const namespace = "commander"

// Metrics is what the commander counts. Its methods may be called from many goroutines and never block.
type Metrics struct {
	registry *prometheus.Registry

	requests *prometheus.CounterVec
	duration *prometheus.HistogramVec
	streams  prometheus.Gauge
	resets   *prometheus.CounterVec

	accepted   prometheus.Counter
	byBroker   prometheus.Counter
	retried    prometheus.Counter
	ended      *prometheus.CounterVec
	trimmed    *prometheus.CounterVec
	bulk       *prometheus.CounterVec
	claims     *prometheus.CounterVec
	recorded   *prometheus.CounterVec
	refused    *prometheus.CounterVec
	setAside   *prometheus.CounterVec
	dispatches *prometheus.CounterVec
	buried     prometheus.Counter
	tokens     prometheus.Counter
	dropped    prometheus.Counter
	resent     *prometheus.CounterVec
	wipes      prometheus.Counter
	runs       *prometheus.CounterVec
	telemetry  *prometheus.CounterVec
}

// New returns metrics that start at zero.
func New() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		requests: vec("http_requests_total", "HTTP requests answered.", "method", "route", "status"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Namespace: namespace, Name: "http_request_duration_seconds",
			Help:    "Time from a request's arrival to its answer; of a stream, to its beginning.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"method", "route"}),
		streams: prometheus.NewGauge(prometheus.GaugeOpts{
			Namespace: namespace, Name: "sse_clients", Help: "Event streams that are open.",
		}),
		resets:     vec("sse_resets_total", "Clients told to list again, because events were lost to them.", "reason"),
		accepted:   counter("missions_accepted_total", "Missions created."),
		byBroker:   counter("submissions_total", "Requests for missions that the broker keeps because the store was away."),
		retried:    counter("missions_retried_total", "Missions that an operator sent out again."),
		ended:      vec("missions_ended_total", "Missions that reached a terminal status.", "status"),
		trimmed:    vec("missions_trimmed_total", "Missions removed by this commander long after their end, by status.", "status"),
		bulk:       vec("bulk_missions_total", "Missions of bulk jobs by what this commander did to them: changed, skipped or failed.", "action", "outcome"),
		claims:     vec("claims_total", "Claims of soldiers answered.", "answer"),
		recorded:   vec("updates_recorded_total", "Status updates that changed a mission.", "status"),
		refused:    vec("updates_refused_total", "Claims, updates and messages refused.", "reason"),
		setAside:   vec("set_aside_actions_total", "Set-aside messages that an operator sent again or dropped.", "action"),
		dispatches: vec("dispatches_total", "Orders published, by how that ended.", "outcome"),
		buried:     counter("sessions_buried_total", "Sessions of soldiers declared dead."),
		tokens:     counter("tokens_issued_total", "Tokens issued to soldiers."),
		dropped:    counter("answers_dropped_total", "Answers to soldiers that found no room; they are asked for again."),
		resent:     vec("orders_resent_total", "Orders sent again because the broker lost them.", "reason"),
		telemetry:  vec("telemetry_packs_total", "Messages with progress and log lines, by what became of them.", "outcome"),
		wipes:      counter("broker_wipes_total", "Times that the broker was found without its data, and recovered by this commander."),
		runs:       vec("schedule_runs_total", "Runs of schedules, by what became of them; several that were skipped together count as one.", "outcome"),
	}
	m.registry.MustRegister(
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		m.requests, m.duration, m.streams, m.resets, m.accepted, m.byBroker, m.retried, m.ended, m.trimmed, m.bulk, m.claims, m.recorded, m.refused, m.setAside, m.dispatches, m.buried,
		m.tokens, m.dropped, m.resent, m.wipes, m.runs, m.telemetry,
	)
	for _, reason := range []string{resentLost, resentWiped} {
		m.resent.WithLabelValues(reason)
	}
	for _, s := range contracts.Statuses() {
		if s.Terminal() {
			m.ended.WithLabelValues(string(s)) // shown from the start, as 0
			m.trimmed.WithLabelValues(string(s))
		}
	}
	return m
}

func counter(name, help string) prometheus.Counter {
	return prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help})
}

func vec(name, help string, labels ...string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help}, labels)
}

// Request counts an answered HTTP request. route is a template such as /missions/:mission_id, never a path.
func (m *Metrics) Request(method, route string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	m.duration.WithLabelValues(method, route).Observe(took.Seconds())
}

// StreamOpened and StreamClosed count event streams.
func (m *Metrics) StreamOpened() { m.streams.Inc() }

// StreamClosed is the end of what StreamOpened began.
func (m *Metrics) StreamClosed() { m.streams.Dec() }

// StreamReset counts a client that is told to list again.
func (m *Metrics) StreamReset(reason string) { m.resets.WithLabelValues(reason).Inc() }

// Accepted counts a mission that was created.
func (m *Metrics) Accepted() { m.accepted.Inc() }

// AcceptedByBroker counts a request for missions that the broker keeps until the store is back.
func (m *Metrics) AcceptedByBroker() { m.byBroker.Inc() }

// Retried counts a mission that an operator sent out again.
func (m *Metrics) Retried() { m.retried.Inc() }

// Ended counts a mission that reached a terminal status.
func (m *Metrics) Ended(s contracts.Status) { m.ended.WithLabelValues(string(s)).Inc() }

// Trimmed counts missions that were removed long after their end.
func (m *Metrics) Trimmed(s contracts.Status, missions int) {
	m.trimmed.WithLabelValues(string(s)).Add(float64(missions))
}

// Bulk counts missions of bulk jobs. outcome is one of a few codes.
func (m *Metrics) Bulk(a contracts.BulkAction, outcome string, missions int) {
	m.bulk.WithLabelValues(string(a), outcome).Add(float64(missions))
}

// Claimed counts an answered claim.
func (m *Metrics) Claimed(a contracts.AnswerType) { m.claims.WithLabelValues(string(a)).Inc() }

// Recorded counts a status update that changed a mission.
func (m *Metrics) Recorded(u contracts.UpdateStatus) { m.recorded.WithLabelValues(string(u)).Inc() }

// Refused counts a status message or update that was set aside. reason is one of a few codes.
func (m *Metrics) Refused(reason string) { m.refused.WithLabelValues(reason).Inc() }

// SetAsideActedUpon counts set-aside messages that were sent again or dropped. action is one of a few codes.
func (m *Metrics) SetAsideActedUpon(action string, messages int) {
	m.setAside.WithLabelValues(action).Add(float64(messages))
}

// Dispatched counts an order that was published, or could not be. outcome is one of a few codes.
func (m *Metrics) Dispatched(outcome string) { m.dispatches.WithLabelValues(outcome).Inc() }

// SessionBuried counts a session declared dead.
func (m *Metrics) SessionBuried() { m.buried.Inc() }

// TokenIssued counts a token.
func (m *Metrics) TokenIssued() { m.tokens.Inc() }

// AnswerDropped counts an answer to a soldier that found no room.
func (m *Metrics) AnswerDropped() { m.dropped.Inc() }

// Reasons for sending an order again.
const (
	resentLost  = "lost"
	resentWiped = "wiped"
)

// OrdersLost counts orders sent again because each was judged lost.
func (m *Metrics) OrdersLost(n int) { m.resent.WithLabelValues(resentLost).Add(float64(n)) }

// OrdersWiped counts orders sent again because the broker had lost all of them.
func (m *Metrics) OrdersWiped(n int) { m.resent.WithLabelValues(resentWiped).Add(float64(n)) }

// Reported counts a message with progress and log lines. outcome is one of a few codes.
func (m *Metrics) Reported(outcome string) { m.telemetry.WithLabelValues(outcome).Inc() }

// BrokerWiped counts a broker that had lost its data.
func (m *Metrics) BrokerWiped() { m.wipes.Inc() }

// ScheduleRan counts a run of a schedule. outcome is one of a few codes.
func (m *Metrics) ScheduleRan(outcome string) { m.runs.WithLabelValues(outcome).Inc() }
