package localstack

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/mission-control-dev/mission-control/contracts/broker/rabbitserver"
	"github.com/mission-control-dev/mission-control/store/redisserver"
	"github.com/mission-control-dev/mission-control/tools/internal/partlog"
	"github.com/mission-control-dev/mission-control/tools/internal/secrets"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

// Graces of the stop's three steps. Together they stay below the ten seconds within which everything has ended.
const (
	soldierGrace   = 4500 * time.Millisecond // they drain for soldierDrain first
	commanderGrace = 2 * time.Second
	serverGrace    = 3 * time.Second

	soldierDrain = "3s"
)

// rabbitUser is the user of the stack's RabbitMQ.
const rabbitUser = "mission-control"

// Stack is a local stack. Its methods may be called from several goroutines.
type Stack struct {
	cfg      Config
	secrets  secrets.Files
	redis    *redisserver.Server
	rabbitmq *rabbitserver.Server
	parts    map[string]*supervise.Part
	order    []step
	logs     []*partlog.Log
}

// step is a group of parts that are started together, and stopped together in the reverse order of the steps.
type step []*supervise.Part

// New prepares a stack: it checks the programs and ports, and makes the folders and secrets. Nothing runs before
// Start, or Start of single parts.
func New(cfg Config) (*Stack, error) {
	cfg, err := cfg.checked()
	if err != nil {
		return nil, err
	}
	s := &Stack{cfg: cfg, parts: map[string]*supervise.Part{}}
	if err := os.MkdirAll(s.JournalDir(), 0o700); err != nil {
		return nil, fmt.Errorf("making the state folder: %w", err)
	}
	if s.secrets, err = secrets.Ensure(s.SecretsDir()); err != nil {
		return nil, err
	}
	if err := s.addParts(); err != nil {
		return nil, errors.Join(err, s.closeLogs())
	}
	return s, nil
}

func (s *Stack) addParts() error {
	redis, err := s.addRedis()
	if err != nil {
		return err
	}
	rabbitmq, err := s.addRabbitMQ()
	if err != nil {
		return err
	}
	commander, err := s.addProgram(Commander, s.commander(), commanderGrace)
	if err != nil {
		return err
	}
	var last step
	for n := 1; n <= s.cfg.Soldiers; n++ {
		soldier, err := s.addProgram(SoldierName(n), s.soldier(SoldierName(n)), soldierGrace)
		if err != nil {
			return err
		}
		last = append(last, soldier)
	}
	if !s.cfg.Headless {
		dashboard, err := s.addProgram(Dashboard, s.dashboard(), soldierGrace)
		if err != nil {
			return err
		}
		last = append(last, dashboard)
	}
	s.order = []step{{redis, rabbitmq}, {commander}, last}
	return nil
}

func (s *Stack) addRedis() (*supervise.Part, error) {
	log, err := s.openLog(Redis)
	if err != nil {
		return nil, err
	}
	s.redis, err = redisserver.New(redisserver.Config{Dir: filepath.Join(s.cfg.StateDir, "redis"), Port: s.cfg.RedisPort, Log: log})
	if err != nil {
		return nil, err
	}
	return s.add(Redis, s.redis, serverGrace), nil
}

func (s *Stack) addRabbitMQ() (*supervise.Part, error) {
	log, err := s.openLog(RabbitMQ)
	if err != nil {
		return nil, err
	}
	password, err := secrets.Read(s.secrets.RabbitMQPassword)
	if err != nil {
		return nil, err
	}
	s.rabbitmq, err = rabbitserver.New(rabbitserver.Config{
		Dir:  filepath.Join(s.cfg.StateDir, "rabbitmq"),
		Port: s.cfg.RabbitMQPort, EpmdPort: s.cfg.EpmdPort, DistPort: s.cfg.DistPort,
		User: rabbitUser, Password: password, Schedulers: s.cfg.ServerSchedulers, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return s.add(RabbitMQ, s.rabbitmq, serverGrace), nil
}

func (s *Stack) addProgram(name string, program supervise.ProgramConfig, grace time.Duration) (*supervise.Part, error) {
	log, err := s.openLog(name)
	if err != nil {
		return nil, err
	}
	program.Log = log
	return s.add(name, supervise.NewProgram(program), grace), nil
}

func (s *Stack) add(name string, service supervise.Service, grace time.Duration) *supervise.Part {
	part := supervise.NewPart(supervise.Config{
		Name: name, Service: service, Grace: grace, ReadyWithin: 2 * time.Minute, Report: s.cfg.Report,
	})
	s.parts[name] = part
	return part
}

func (s *Stack) openLog(part string) (*partlog.Log, error) {
	log, err := partlog.Open(partlog.Config{
		Path: filepath.Join(s.LogDir(), part+".log"),
		Line: func(line string) {
			if text := warning(part, line); text != "" {
				s.cfg.Warning(part, text)
			}
		},
	})
	if err != nil {
		return nil, err
	}
	s.logs = append(s.logs, log)
	return log, nil
}

// Start starts every part in order and returns when each is ready on its own; AwaitOK waits for the whole. After an
// error nothing is left running.
func (s *Stack) Start(ctx context.Context) error {
	for i, step := range s.order {
		if i == len(s.order)-1 {
			s.awaitQueues(ctx)
		}
		if err := step.each(func(p *supervise.Part) error { return p.Start(ctx) }); err != nil {
			// What is stopped here may be killed at once: nothing runs yet.
			stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), commanderGrace)
			defer cancel()
			return errors.Join(err, s.Stop(stopping))
		}
	}
	return nil
}

// Stop stops every part in reverse order, within ten seconds; when the context ends first, what is left is killed.
// Parts that had to be killed are an error. Safe to call twice.
func (s *Stack) Stop(ctx context.Context) error {
	var failed error
	for _, step := range slices.Backward(s.order) {
		failed = errors.Join(failed, step.each(func(p *supervise.Part) error { return p.Stop(ctx) }))
	}
	return errors.Join(failed, s.closeLogs())
}

func (s *Stack) closeLogs() error {
	var failed error
	for _, log := range s.logs {
		failed = errors.Join(failed, log.Close())
	}
	return failed
}

// each does something to all parts of a step at once.
func (s step) each(do func(*supervise.Part) error) error {
	errs := make([]error, len(s))
	var all sync.WaitGroup
	for i, part := range s {
		all.Go(func() { errs[i] = do(part) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// Part returns the part of that name, nil when the stack has none.
func (s *Stack) Part(name string) *supervise.Part { return s.parts[name] }

// Parts lists the parts' names in the order in which they are started.
func (s *Stack) Parts() []string {
	var names []string
	for _, step := range s.order {
		for _, part := range step {
			names = append(names, part.Name())
		}
	}
	return names
}

// CommanderURL is where the commander's API is.
func (s *Stack) CommanderURL() string { return "http://" + s.cfg.CommanderAddr }

// DashboardURL is where the dashboard is.
func (s *Stack) DashboardURL() string { return "http://" + s.cfg.DashboardAddr }

// RedisURL is where Redis is.
func (s *Stack) RedisURL() string { return s.redis.URL() }

// RabbitMQURL is where RabbitMQ is, with user and password: not for logs.
func (s *Stack) RabbitMQURL() string { return s.rabbitmq.URL() }

// RabbitMQ is the stack's RabbitMQ, for rabbitmqctl.
func (s *Stack) RabbitMQ() *rabbitserver.Server { return s.rabbitmq }

// Secrets are the paths of the stack's secrets.
func (s *Stack) Secrets() secrets.Files { return s.secrets }

// JournalDir is where each soldier writes <id>.jsonl.
func (s *Stack) JournalDir() string { return JournalDir(s.cfg.StateDir) }

// JournalDir is the journals' folder of a stack in that state folder.
func JournalDir(stateDir string) string { return filepath.Join(stateDir, "journals") }

// LogDir is where each part's output is kept in <name>.log.
func (s *Stack) LogDir() string { return filepath.Join(s.cfg.StateDir, "logs") }

// SecretsDir is where the secrets are.
func (s *Stack) SecretsDir() string { return filepath.Join(s.cfg.StateDir, "secrets") }
