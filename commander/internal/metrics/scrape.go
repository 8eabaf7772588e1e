package metrics

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"github.com/mission-control-dev/mission-control/contracts/broker"
	"github.com/mission-control-dev/mission-control/store"
)

// ContentType of Text.
const ContentType = "text/plain; version=0.0.4; charset=utf-8"

// patience is how long a scrape waits for what it must ask for.
const patience = time.Second

// Counter knows how many missions there are: a store.Missions.
type Counter interface {
	Counts(ctx context.Context) (store.Counts, error)
}

// Depths knows how full a queue is: a depths.Depths.
type Depths interface {
	Depth(ctx context.Context, queue string) (broker.Depth, error)
}

// WatchMissions adds the number of missions by status, asked for at each scrape. Call it once.
func (m *Metrics) WatchMissions(c Counter) error {
	desc := prometheus.NewDesc(namespace+"_missions", "Missions there are.", []string{"status"}, nil)
	return m.watch(func(ctx context.Context, out chan<- prometheus.Metric) {
		counts, err := c.Counts(ctx)
		if err != nil || counts.Source.Degraded {
			return
		}
		for status, n := range counts.ByStatus {
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(n), string(status))
		}
	}, desc)
}

// WatchAdopted adds the number of missions that were adopted after the store was wiped. Call it once.
func (m *Metrics) WatchAdopted(adopted func() int64) error {
	desc := prometheus.NewDesc(namespace+"_missions_adopted", "Missions adopted since the store was last wiped, by all commanders.", nil, nil)
	return m.watch(func(_ context.Context, out chan<- prometheus.Metric) {
		out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(adopted()))
	}, desc)
}

// WatchQueues adds the depths of queues, asked for at each scrape. Call it once.
func (m *Metrics) WatchQueues(d Depths, queues func() []string) error {
	ready := prometheus.NewDesc(namespace+"_queue_ready", "Messages that wait in the queue.", []string{"queue"}, nil)
	consumers := prometheus.NewDesc(namespace+"_queue_consumers", "Consumers of the queue.", []string{"queue"}, nil)
	return m.watch(func(ctx context.Context, out chan<- prometheus.Metric) {
		var all sync.WaitGroup
		for _, q := range queues() {
			all.Go(func() {
				depth, err := d.Depth(ctx, q)
				if err != nil {
					return
				}
				out <- prometheus.MustNewConstMetric(ready, prometheus.GaugeValue, float64(depth.Ready), q)
				out <- prometheus.MustNewConstMetric(consumers, prometheus.GaugeValue, float64(depth.Consumers), q)
			})
		}
		all.Wait()
	}, ready, consumers)
}

// WatchSquads adds which squads there are, and which of them are paused. Call it once.
func (m *Metrics) WatchSquads(paused func() map[string]bool) error {
	desc := prometheus.NewDesc(namespace+"_squad_paused", "Whether the squad is paused: 1 or 0.", []string{"squad"}, nil)
	return m.watch(func(_ context.Context, out chan<- prometheus.Metric) {
		for squad, is := range paused() {
			value := 0.0
			if is {
				value = 1
			}
			out <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, value, squad)
		}
	}, desc)
}

// Text returns all metrics in Prometheus' text format.
func (m *Metrics) Text() ([]byte, error) {
	families, err := m.registry.Gather()
	if err != nil {
		return nil, fmt.Errorf("gather metrics: %w", err)
	}
	var b bytes.Buffer
	enc := expfmt.NewEncoder(&b, expfmt.NewFormat(expfmt.TypeTextPlain))
	for _, f := range families {
		if err := enc.Encode(f); err != nil {
			return nil, fmt.Errorf("write metric %s: %w", f.GetName(), err)
		}
	}
	return b.Bytes(), nil
}

func (m *Metrics) watch(collect func(context.Context, chan<- prometheus.Metric), descs ...*prometheus.Desc) error {
	if err := m.registry.Register(asked{descs: descs, collect: collect}); err != nil {
		return fmt.Errorf("register metrics: %w", err)
	}
	return nil
}

// asked is a collector of metrics that are asked for at the scrape.
type asked struct {
	descs   []*prometheus.Desc
	collect func(context.Context, chan<- prometheus.Metric)
}

func (a asked) Describe(out chan<- *prometheus.Desc) {
	for _, d := range a.descs {
		out <- d
	}
}

func (a asked) Collect(out chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	a.collect(ctx, out)
}
