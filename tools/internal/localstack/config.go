package localstack

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/mission-control-dev/mission-control/contracts/freeport"
	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

// Names of the parts. Soldiers are "soldier-1", "soldier-2" and so on, which are their ids as well.
const (
	Redis     = "redis"
	RabbitMQ  = "rabbitmq"
	Commander = "commander"
	Dashboard = "dashboard"
)

// SoldierName is the name and id of the nth soldier, counted from 1.
func SoldierName(n int) string { return "soldier-" + strconv.Itoa(n) }

// Config describes a stack.
type Config struct {
	// StateDir is where all data lies. Required.
	StateDir string
	// BinDir is where the programs commander, soldier and dashboard are. Required.
	BinDir string
	// Ports of the servers on 127.0.0.1; 0 picks a free one.
	RedisPort, RabbitMQPort, EpmdPort, DistPort int
	// CommanderAddr and DashboardAddr are host:port; empty picks a free port on 127.0.0.1.
	CommanderAddr, DashboardAddr string
	// Soldiers is how many soldiers run. 0 is none.
	Soldiers int
	// Headless leaves the dashboard out.
	Headless bool
	// Env is added to the environment of every one of our programs, NAME=value; PartEnv to that of one part.
	Env     []string
	PartEnv map[string][]string
	// Report gets what happens to the parts, from several goroutines. nil drops it.
	Report func(supervise.Event)
	// Warning gets the lines of the parts' output that are for a person at the terminal, from several goroutines. nil
	// drops them.
	Warning func(part, line string)
	// ServerSchedulers is rabbitserver.Config.Schedulers: 0 for people, 1 for tests.
	ServerSchedulers int
}

// PortTakenError means that an address of the stack is in use.
type PortTakenError struct {
	Part string
	Addr string
	// Setting is the environment variable of missionctl that chooses another.
	Setting string
}

// Error says what to do.
func (e *PortTakenError) Error() string {
	return fmt.Sprintf("%s can't have %s, which is taken: end what uses it, or choose another with %s", e.Part, e.Addr, e.Setting)
}

// Environment variables that choose the ports of `missionctl up`, and how many soldiers; its flags have the same meaning.
const (
	EnvSoldiers      = "MISSIONCTL_SOLDIERS"
	EnvRedisPort     = "MISSIONCTL_REDIS_PORT"
	EnvRabbitMQPort  = "MISSIONCTL_RABBITMQ_PORT"
	EnvEpmdPort      = "MISSIONCTL_EPMD_PORT"
	EnvDistPort      = "MISSIONCTL_DIST_PORT"
	EnvCommanderAddr = "COMMANDER_ADDR"
	EnvDashboardAddr = "DASHBOARD_ADDR"
)

func (c Config) checked() (Config, error) {
	if c.StateDir == "" || c.BinDir == "" {
		return c, errors.New("localstack: StateDir and BinDir are required")
	}
	var err error
	if c.StateDir, err = filepath.Abs(c.StateDir); err != nil {
		return c, fmt.Errorf("localstack: the state folder's absolute path: %w", err)
	}
	if c.BinDir, err = filepath.Abs(c.BinDir); err != nil {
		return c, fmt.Errorf("localstack: the programs' absolute path: %w", err)
	}
	for _, program := range c.programs() {
		if _, err := os.Stat(filepath.Join(c.BinDir, program)); err != nil {
			return c, fmt.Errorf("the program %s is not in %s: build it with ./task build", program, c.BinDir)
		}
	}
	if c.Report == nil {
		c.Report = func(supervise.Event) {}
	}
	if c.Warning == nil {
		c.Warning = func(string, string) {}
	}
	return c.withPorts()
}

func (c Config) programs() []string {
	programs := []string{Commander}
	if c.Soldiers > 0 {
		programs = append(programs, "soldier")
	}
	if !c.Headless {
		programs = append(programs, Dashboard)
	}
	return programs
}

// withPorts picks what was left to us and makes sure that everything is free.
func (c Config) withPorts() (Config, error) {
	for _, port := range []*int{&c.RedisPort, &c.RabbitMQPort, &c.EpmdPort, &c.DistPort} {
		if err := pick(port); err != nil {
			return c, err
		}
	}
	for _, addr := range []*string{&c.CommanderAddr, &c.DashboardAddr} {
		if *addr != "" {
			continue
		}
		free, err := freeport.TakeAddr()
		if err != nil {
			return c, err
		}
		*addr = free
	}
	wanted := []PortTakenError{
		{Redis, loopback(c.RedisPort), EnvRedisPort},
		{RabbitMQ, loopback(c.RabbitMQPort), EnvRabbitMQPort},
		{"rabbitmq's port mapper (epmd)", loopback(c.EpmdPort), EnvEpmdPort},
		{"rabbitmq's distribution", loopback(c.DistPort), EnvDistPort},
		{Commander, c.CommanderAddr, EnvCommanderAddr},
	}
	if !c.Headless {
		wanted = append(wanted, PortTakenError{Dashboard, c.DashboardAddr, EnvDashboardAddr})
	}
	seen := map[string]string{}
	for _, w := range wanted {
		if _, _, err := net.SplitHostPort(w.Addr); err != nil {
			return c, fmt.Errorf("%s is %q, must be host:port", w.Setting, w.Addr)
		}
		if other, twice := seen[w.Addr]; twice {
			return c, fmt.Errorf("%s and %s both ask for %s: choose two", other, w.Setting, w.Addr)
		}
		seen[w.Addr] = w.Setting
		if freeport.InUse(w.Addr) {
			return c, &w
		}
	}
	return c, nil
}

// pick replaces a zero port by a free one.
func pick(port *int) (err error) {
	if *port == 0 {
		*port, err = freeport.Take()
	}
	return err
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
