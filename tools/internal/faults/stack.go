package faults

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/check"
	"github.com/mission-control-dev/mission-control/tools/internal/faults/schedule"
	"github.com/mission-control-dev/mission-control/tools/internal/netfault"
	"github.com/mission-control-dev/mission-control/tools/internal/partlog"
	"github.com/mission-control-dev/mission-control/tools/internal/secrets"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

const (
	rabbitUser = "mission-control"
	// readyWithin bounds each start of a part, which may happen while all else starts.
	readyWithin = 2 * time.Minute
	stopGrace   = 5 * time.Second
)

// slotsFor is how many missions a soldier runs at once: several times what the flow needs of three, since an outage leaves
// a backlog, and one or two of them may be away.
func slotsFor(rate float64) int { return max(leastSlots, int(math.Ceil(rate*slotsPerRate))) }

const leastSlots, slotsPerRate = 16, 4

// stack is the drill's own stack. Its methods may be called from several goroutines.
type stack struct {
	dir, binDir string
	slots       int // of each soldier
	secrets     secrets.Files
	redis       *redisserver.Server
	rabbitmq    *rabbitserver.Server
	parts       map[string]*supervise.Part
	links       map[string]*netfault.Link
	addrs       map[string]string // where each commander and server listens
	logs        []*partlog.Log
	log         func(format string, args ...any)

	mu      sync.Mutex
	crashes []string
	deaths  map[check.Process]time.Time
}

// newStack prepares a stack in a folder; nothing runs yet but the links.
func newStack(dir, binDir string, slots int, log func(format string, args ...any)) (*stack, error) {
	for _, program := range []string{"commander", "soldier"} {
		if _, err := os.Stat(filepath.Join(binDir, program)); err != nil {
			return nil, fmt.Errorf("the program %s is not in %s: build it with ./task build", program, binDir)
		}
	}
	s := &stack{
		dir: dir, binDir: binDir, slots: slots, log: log, parts: map[string]*supervise.Part{}, links: map[string]*netfault.Link{},
		addrs: map[string]string{}, deaths: map[check.Process]time.Time{},
	}
	if err := s.prepare(); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *stack) prepare() error {
	if err := os.MkdirAll(s.journalDir(), 0o700); err != nil {
		return fmt.Errorf("making the drill's folder: %w", err)
	}
	var err error
	if s.secrets, err = secrets.Ensure(filepath.Join(s.dir, "secrets")); err != nil {
		return err
	}
	if err := s.addServers(); err != nil {
		return err
	}
	for _, c := range schedule.Commanders() {
		if s.addrs[c], err = freeport.TakeAddr(); err != nil {
			return err
		}
	}
	for _, link := range schedule.Links() {
		_, to := schedule.Ends(link)
		addr, err := freeport.TakeAddr()
		if err != nil {
			return err
		}
		if s.links[link], err = netfault.Listen(addr, s.addrs[to]); err != nil {
			return err
		}
	}
	for _, c := range schedule.Commanders() {
		if err := s.addProgram(c, s.commander(c)); err != nil {
			return err
		}
	}
	for _, id := range schedule.Soldiers() {
		if err := s.addProgram(id, s.soldier(id)); err != nil {
			return err
		}
	}
	return nil
}

func (s *stack) addServers() error {
	log, err := s.openLog(schedule.Redis)
	if err != nil {
		return err
	}
	if s.redis, err = redisserver.New(redisserver.Config{Dir: s.dataDir(schedule.Redis), Log: log}); err != nil {
		return err
	}
	s.add(schedule.Redis, s.redis)
	s.addrs[schedule.Redis] = s.redis.Addr()

	if log, err = s.openLog(schedule.RabbitMQ); err != nil {
		return err
	}
	password, err := secrets.Read(s.secrets.RabbitMQPassword)
	if err != nil {
		return err
	}
	s.rabbitmq, err = rabbitserver.New(rabbitserver.Config{
		Dir: s.dataDir(schedule.RabbitMQ), User: rabbitUser, Password: password, Schedulers: 1, Log: log,
	})
	if err != nil {
		return err
	}
	s.add(schedule.RabbitMQ, s.rabbitmq)
	s.addrs[schedule.RabbitMQ] = s.rabbitmq.Addr()
	return nil
}

func (s *stack) addProgram(name string, program supervise.ProgramConfig) error {
	log, err := s.openLog(name)
	if err != nil {
		return err
	}
	program.Log = log
	program.Env = append(program.Env, "MISSION_CONTROL_PART="+name) // which of them it is, for builds that tests make
	s.add(name, supervise.NewProgram(program))
	return nil
}

func (s *stack) add(name string, service supervise.Service) {
	s.parts[name] = supervise.NewPart(supervise.Config{
		Name: name, Service: service, Grace: stopGrace, ReadyWithin: readyWithin, Report: s.report,
	})
}

// report notes every death that we did not cause ourselves.
func (s *stack) report(e supervise.Event) {
	if e.Kind != supervise.Died && e.Kind != supervise.Failed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.crashes = append(s.crashes, fmt.Sprintf("%s died by itself (%s); its last words: %s", e.Part, e.Reason, e.LastWords))
}

func (s *stack) commander(name string) supervise.ProgramConfig {
	return supervise.ProgramConfig{
		Path: filepath.Join(s.binDir, "commander"),
		Env: environment(
			"COMMANDER_ADDR="+s.addrs[name],
			"REDIS_URL=redis://"+s.links[schedule.Link(name, schedule.Redis)].Addr()+"/0",
			"RABBITMQ_URL="+s.rabbitURL(s.links[schedule.Link(name, schedule.RabbitMQ)].Addr()),
			"COMMANDER_MASTER_SECRET_FILE="+s.secrets.MasterSecret,
			"COMMANDER_ENROLLMENT_KEY_FILE="+s.secrets.EnrollmentKey,
		),
		Ready: func(ctx context.Context) error { return alive(ctx, s.url(name)) },
	}
}

func (s *stack) soldier(id string) supervise.ProgramConfig {
	var commanders []string
	for _, c := range schedule.Commanders() {
		commanders = append(commanders, "http://"+s.links[schedule.Link(id, c)].Addr())
	}
	return supervise.ProgramConfig{
		Path: filepath.Join(s.binDir, "soldier"),
		Args: []string{"--id", id},
		Env: environment(
			"SOLDIER_ID="+id,
			"SOLDIER_SLOTS="+strconv.Itoa(s.slots),
			"SOLDIER_DRAIN_TIMEOUT=3s",
			"SOLDIER_JOURNAL="+filepath.Join(s.journalDir(), id+".jsonl"),
			"SOLDIER_ENROLLMENT_KEY_FILE="+s.secrets.EnrollmentKey,
			"COMMANDER_URL="+strings.Join(commanders, ","),
			"RABBITMQ_URL="+s.rabbitURL(s.links[schedule.Link(id, schedule.RabbitMQ)].Addr()),
		),
	}
}

// environment is ours without anything that steers the programs, and what they get.
func environment(own ...string) []string {
	env := slices.DeleteFunc(os.Environ(), func(kv string) bool {
		for _, prefix := range []string{"COMMANDER_", "SOLDIER_", "RABBITMQ_URL", "REDIS_URL"} {
			if strings.HasPrefix(kv, prefix) {
				return true
			}
		}
		return false
	})
	return append(append(env, "LOG_FORMAT=console", "MISSION_CONTROL_GROUND=local"), own...)
}

// rabbitURL is the server's own with another address.
func (s *stack) rabbitURL(addr string) string {
	u, err := url.Parse(s.rabbitmq.URL())
	if err != nil {
		return s.rabbitmq.URL() // it is a URL
	}
	u.Host = addr
	return u.String()
}

// alive asks a commander for a sign of life.
func alive(ctx context.Context, base string) error {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health/live", nil)
	if err != nil {
		return fmt.Errorf("asking %s: %w", base, err)
	}
	request.Close = true // a connection that is kept would outlive the commander's life
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return response.Body.Close()
}

// start starts parts, all of a kind at once.
func (s *stack) start(ctx context.Context, parts ...string) error {
	for _, step := range [][]string{schedule.Servers(), schedule.Commanders(), schedule.Soldiers()} {
		step = slices.DeleteFunc(step, func(p string) bool { return !slices.Contains(parts, p) })
		if err := each(step, func(p string) error { return s.parts[p].Start(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// kill kills parts at once, and notes when soldiers died.
func (s *stack) kill(parts ...string) error {
	return each(parts, func(p string) error {
		pid := s.parts[p].PID()
		err := s.parts[p].KillAndHold()
		s.died(p, pid)
		return err
	})
}

// stop ends everything in order. What does not end in time is killed, and an error. Safe to call twice.
func (s *stack) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*stopGrace)
	defer cancel()
	var failed error
	for _, step := range [][]string{schedule.Soldiers(), schedule.Commanders(), schedule.Servers()} {
		failed = errors.Join(failed, each(step, func(p string) error {
			part := s.parts[p]
			if part == nil {
				return nil
			}
			pid := part.PID()
			err := part.Stop(ctx)
			s.died(p, pid)
			return err
		}))
	}
	return failed
}

func (s *stack) died(part string, pid int) {
	if pid == 0 || !slices.Contains(schedule.Soldiers(), part) {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.deaths[check.Process{Soldier: part, PID: pid}] = time.Now()
}

// evidence returns what the stack knows of its processes.
func (s *stack) evidence() (crashes []string, deaths map[check.Process]time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.crashes), maps.Clone(s.deaths)
}

// close ends what stop leaves: links and logs.
func (s *stack) close() error {
	var failed error
	for _, link := range s.links {
		failed = errors.Join(failed, link.Close())
	}
	for _, log := range s.logs {
		failed = errors.Join(failed, log.Close())
	}
	return failed
}

// awaitWell waits until both commanders say that all is well and know every soldier.
func (s *stack) awaitWell(ctx context.Context) error {
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for {
		err := s.well(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the stack does not get well: %w", err)
		case <-tick.C:
		}
	}
}

func (s *stack) well(ctx context.Context) error {
	for _, c := range schedule.Commanders() {
		cl, err := client.New(client.Config{BaseURL: s.url(c), Timeout: 2 * time.Second, Retry: client.Retry{Attempts: 1}})
		if err != nil {
			return err
		}
		defer cl.CloseIdleConnections()
		health, err := cl.Health(ctx)
		if err != nil {
			return err
		}
		if health.Status != client.HealthOK {
			return fmt.Errorf("%s is %s", c, health.Status)
		}
		fleet, err := cl.Soldiers(ctx)
		if err != nil {
			return err
		}
		for _, id := range schedule.Soldiers() {
			if !slices.ContainsFunc(fleet.Soldiers, func(f client.Soldier) bool { return f.SoldierID == id && f.State != "dead" }) {
				return fmt.Errorf("%s does not know %s", c, id)
			}
		}
	}
	return nil
}

func (s *stack) url(commander string) string { return "http://" + s.addrs[commander] }

func (s *stack) urls() []string {
	var urls []string
	for _, c := range schedule.Commanders() {
		urls = append(urls, s.url(c))
	}
	return urls
}

func (s *stack) journalDir() string { return filepath.Join(s.dir, "journals") }

func (s *stack) dataDir(server string) string { return filepath.Join(s.dir, server) }

func (s *stack) logPath(part string) string { return filepath.Join(s.dir, "logs", part+".log") }

func (s *stack) openLog(part string) (*partlog.Log, error) {
	log, err := partlog.Open(partlog.Config{Path: s.logPath(part)})
	if err != nil {
		return nil, err
	}
	s.logs = append(s.logs, log)
	return log, nil
}

// each does something with all of them at once.
func each(names []string, do func(string) error) error {
	errs := make([]error, len(names))
	var all sync.WaitGroup
	for i, name := range names {
		all.Go(func() { errs[i] = do(name) })
	}
	all.Wait()
	return errors.Join(errs...)
}
