// Package bullmqpeer is BullMQ as a contender: Redis, a producer and a worker, each a process. A job is done when it is in
// BullMQ's set of completed jobs.
package bullmqpeer

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/mission-control-dev/mission-control/bench/internal/child"
	"github.com/mission-control-dev/mission-control/bench/internal/contender"
	"github.com/mission-control-dev/mission-control/bench/internal/redisjobs"
	"github.com/mission-control-dev/mission-control/bench/internal/traffic"
)

// Config is one set of settings.
type Config struct {
	// Scripts is the folder of producer.js and worker.js, with its npm packages installed.
	Scripts string
	// Concurrency is the worker's.
	Concurrency int
	// AppendFsync is Redis's.
	AppendFsync string
}

// BullMQ is the contender.
type BullMQ struct {
	cfg      Config
	jobs     redisjobs.Jobs
	worker   *child.Process
	producer *child.Process
	commands io.WriteCloser
	answers  *bufio.Reader
}

// New returns one that is not started.
func New(cfg Config) *BullMQ { return &BullMQ{cfg: cfg} }

// Setup starts Redis, the worker and the producer.
func (b *BullMQ) Setup(ctx context.Context, dir string) error {
	node, err := exec.LookPath("node")
	if err != nil {
		return fmt.Errorf("%w: Node 20.19 or later (%w)", contender.ErrMissing, err)
	}
	if err := b.jobs.Start(ctx, filepath.Join(dir, "redis"), b.cfg.AppendFsync); err != nil {
		return err
	}
	port := strconv.Itoa(b.jobs.Port())
	script := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(node, append([]string{name, port}, args...)...)
		cmd.Dir = b.cfg.Scripts
		return cmd
	}
	working := script("worker.js", strconv.Itoa(b.cfg.Concurrency))
	ready, err := working.StdoutPipe()
	if err != nil {
		return fmt.Errorf("reading the worker's output: %w", err)
	}
	if b.worker, err = child.Start(working, filepath.Join(dir, "worker.log")); err != nil {
		return err
	}
	if line, err := bufio.NewReader(ready).ReadString('\n'); err != nil || line != "ready\n" {
		return fmt.Errorf("the worker said %q and did not start, see worker.log in %s; ./task deps:bench installs what it needs", line, dir)
	}
	producing := script("producer.js")
	if b.commands, err = producing.StdinPipe(); err != nil {
		return fmt.Errorf("writing to the producer: %w", err)
	}
	answers, err := producing.StdoutPipe()
	if err != nil {
		return fmt.Errorf("reading the producer's output: %w", err)
	}
	b.answers = bufio.NewReader(answers)
	if b.producer, err = child.Start(producing, filepath.Join(dir, "producer.log")); err != nil {
		return err
	}
	_, err = b.answer()
	return err
}

// command has the producer do something.
type command struct {
	Do       string  `json:"do"`
	Jobs     int     `json:"jobs"`
	Size     int     `json:"size,omitempty"`
	InFlight int     `json:"inFlight,omitempty"`
	Rate     float64 `json:"rate,omitempty"`
}

func (b *BullMQ) do(ctx context.Context, c command) ([]float64, error) {
	line, err := json.Marshal(c)
	if err != nil {
		return nil, fmt.Errorf("encoding a command: %w", err)
	}
	// The producer's end ends the wait for its answer.
	stop := context.AfterFunc(ctx, func() { b.producer.Stop(ctx, syscall.SIGKILL) })
	defer stop()
	if _, err := b.commands.Write(append(line, '\n')); err != nil {
		return nil, fmt.Errorf("telling the producer: %w", err)
	}
	return b.answer()
}

// answer is how long jobs took in milliseconds, where that was asked for.
func (b *BullMQ) answer() ([]float64, error) {
	line, err := b.answers.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("the producer ended: %w", err)
	}
	var said struct {
		Took  []float64 `json:"took"`
		Error string    `json:"error"`
	}
	if err := json.Unmarshal(line, &said); err != nil {
		return nil, fmt.Errorf("the producer said %q: %w", line, err)
	}
	if said.Error != "" {
		return nil, fmt.Errorf("the producer failed: %s", said.Error)
	}
	return said.Took, nil
}

// batchSize is how many jobs an addBulk has.
const batchSize = 1000

// SubmitBatches adds by addBulk.
func (b *BullMQ) SubmitBatches(ctx context.Context, jobs int) error {
	_, err := b.do(ctx, command{Do: "batches", Jobs: jobs, Size: batchSize, InFlight: 2})
	return err
}

// SubmitSingles adds by add.
func (b *BullMQ) SubmitSingles(ctx context.Context, jobs int) error {
	_, err := b.do(ctx, command{Do: "singles", Jobs: jobs, InFlight: contender.InFlight})
	return err
}

// AwaitAll counts completed jobs.
func (b *BullMQ) AwaitAll(ctx context.Context, total int) error {
	return b.jobs.AwaitCard(ctx, "bull:bench:completed", total)
}

// Latencies sees jobs' ends by QueueEvents.
func (b *BullMQ) Latencies(ctx context.Context, rate float64, jobs int) (map[string][]time.Duration, error) {
	took, err := b.do(ctx, command{Do: "latency", Jobs: jobs, Rate: rate})
	if err != nil {
		return nil, err
	}
	out := make([]time.Duration, len(took))
	for i, ms := range took {
		out[i] = time.Duration(ms * float64(time.Millisecond))
	}
	return map[string][]time.Duration{contender.ByEvent: out}, nil
}

// Traffic is Redis's.
func (b *BullMQ) Traffic(ctx context.Context) (map[string]float64, error) {
	redis, err := traffic.Redis(ctx, b.jobs.Addr())
	return map[string]float64{"redis": redis}, err
}

// Processes are the three.
func (b *BullMQ) Processes() map[string]int {
	return map[string]int{"redis": b.jobs.PID(), "worker": b.worker.PID(), "producer": b.producer.PID()}
}

// Close ends them.
func (b *BullMQ) Close(ctx context.Context) error {
	b.producer.Stop(ctx, syscall.SIGKILL)
	b.worker.Stop(ctx, syscall.SIGKILL)
	return b.jobs.Stop()
}
