package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/ground"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
	"github.com/mission-control-dev/mission-control/tools/internal/servers"
	"github.com/mission-control-dev/mission-control/tools/internal/up"
)

// defaultStateDir is where a local stack keeps its data, from the project's root.
const defaultStateDir = ".local/state"

// composeSoldiers is how many soldiers compose.yaml has.
const composeSoldiers = 3

type upFlags struct {
	ground, stateDir, projectDir, binDir string
	fresh, noInstall                     bool
	stack                                localstack.Config
}

// newUp returns `missionctl up`.
func newUp(io cliout.Streams) *cobra.Command {
	var f upFlags
	cmd := &cobra.Command{
		Use:   "up",
		Short: "Run the whole stack, in containers or as local processes",
		Long: `Run the whole stack until Ctrl-C: RabbitMQ, Redis, the commander, soldiers and the dashboard.

Where a Docker engine with Compose answers it runs in containers, else as local processes with servers, ports and data of
its own. Where the servers are missing and can't be installed, it runs embedded in this one process, as demo does.
GROUND=compose, local or embedded (or --ground) decides otherwise. Every flag's default comes from the environment
variable in brackets, where that is set.

On every ground count --commander-addr and --dashboard-addr (in containers their ports, on 127.0.0.1), --state-dir (in
containers and embedded only the lock that down looks for) and --fresh. Only in containers counts --project-dir; only on
local processes the other ports, --bin-dir and --no-install; not in containers --soldiers: there three run.`,
		Example: `  missionctl up
  missionctl up --ground local --fresh
  DASHBOARD_ADDR=127.0.0.1:3001 missionctl up --soldiers 8`,
		Args:        cobra.NoArgs,
		Annotations: forPeople(),
		RunE:        func(cmd *cobra.Command, _ []string) error { return runUp(cmd, f, io) },
	}
	s := settings{flags: cmd.Flags()}
	s.text(&f.ground, "ground", "GROUND", "", "compose, local or embedded; empty picks")
	s.text(&f.stateDir, "state-dir", "MISSIONCTL_STATE_DIR", defaultStateDir, "where data, secrets, logs and journals lie")
	s.text(&f.projectDir, "project-dir", "MISSIONCTL_PROJECT_DIR", ".", "where compose.yaml lies")
	s.text(&f.binDir, "bin-dir", "MISSIONCTL_BIN_DIR", besideUs(), "where the programs commander, soldier and dashboard are")
	s.addresses(&f.stack.CommanderAddr, &f.stack.DashboardAddr)
	s.number(&f.stack.RedisPort, "redis-port", localstack.EnvRedisPort, 6390, "Redis's port on 127.0.0.1")
	s.number(&f.stack.RabbitMQPort, "rabbitmq-port", localstack.EnvRabbitMQPort, 5690, "RabbitMQ's port on 127.0.0.1")
	s.number(&f.stack.EpmdPort, "epmd-port", localstack.EnvEpmdPort, 4390, "the port of RabbitMQ's port mapper on 127.0.0.1")
	s.number(&f.stack.DistPort, "dist-port", localstack.EnvDistPort, 25690, "the port of RabbitMQ's distribution on 127.0.0.1")
	s.number(&f.stack.Soldiers, "soldiers", localstack.EnvSoldiers, composeSoldiers, "how many soldiers run")
	cmd.Flags().BoolVar(&f.fresh, "fresh", false, "remove the data, secrets and logs of earlier runs first")
	cmd.Flags().BoolVar(&f.noInstall, "no-install", false, "don't install missing servers")
	cmd.PreRunE = func(*cobra.Command, []string) error { return s.err }
	return cmd
}

func runUp(cmd *cobra.Command, f upFlags, io cliout.Streams) error {
	install := up.InstallMissing
	if f.noInstall {
		install = up.NeverInstall
	}
	chosen, why, err := ground.Choose(cmd.Context(), f.ground, ground.Exec, lacking(install))
	if err != nil {
		return cliout.Usage("%v", err)
	}
	data := up.KeepData
	if f.fresh {
		data = up.RemoveData
	}
	switch chosen {
	case ground.Compose:
		return runCompose(cmd, f, why, data, io)
	case ground.Embedded:
		return runEmbedded(cmd, f, why, data, io)
	case ground.Local:
	}
	f.stack.StateDir, f.stack.BinDir = f.stateDir, f.binDir
	err = up.Local(cmd.Context(), up.LocalConfig{Stack: f.stack, Why: why, Install: install, Data: data}, io.Out)
	if servers := brief(err); servers != "" && f.ground == "" {
		// What could have been installed wasn't, after all. The data was removed already, if it was to be.
		return runEmbedded(cmd, f, why+", and "+servers, up.KeepData, io)
	}
	return err
}

// runEmbedded runs the stack in this process, which nobody takes for the real thing who did not ask for it.
func runEmbedded(cmd *cobra.Command, f upFlags, why string, data up.DataPolicy, io cliout.Streams) error {
	cfg := up.EmbeddedConfig{
		CommanderAddr: f.stack.CommanderAddr, DashboardAddr: f.stack.DashboardAddr, Soldiers: f.stack.Soldiers,
		Why: why, StateDir: f.stateDir, Data: data, Real: "Without GROUND=embedded it runs on RabbitMQ and Redis.",
	}
	if f.ground == "" {
		cfg.Advice = "No server can be had here, so this is for trying out. " + servers.Advice + "."
		cfg.Real = "For the real thing see the lines at the top."
	}
	return up.Embedded(cmd.Context(), cfg, io.Out)
}

func runCompose(cmd *cobra.Command, f upFlags, why string, data up.DataPolicy, io cliout.Streams) error {
	cfg := up.ComposeConfig{ProjectDir: f.projectDir, StateDir: f.stateDir, Why: why, Data: data}
	for addr, port := range map[string]*string{f.stack.CommanderAddr: &cfg.CommanderPort, f.stack.DashboardAddr: &cfg.DashboardPort} {
		var err error
		if _, *port, err = net.SplitHostPort(addr); err != nil {
			return cliout.Usage("%q must be host:port: see --commander-addr and --dashboard-addr", addr)
		}
	}
	if f.stack.Soldiers != composeSoldiers {
		fmt.Fprintf(io.Out, "In containers %d soldiers run, as compose.yaml says: %d counts only with local processes.\n",
			composeSoldiers, f.stack.Soldiers)
	}
	return up.Compose(cmd.Context(), cfg, io.Out)
}

// besideUs is the folder of this program.
func besideUs() string {
	path, err := os.Executable()
	if err != nil {
		return "bin"
	}
	return filepath.Dir(path)
}

// settings makes flags whose defaults come from the environment.
type settings struct {
	flags interface {
		StringVar(p *string, name, value, usage string)
		IntVar(p *int, name string, value int, usage string)
	}
	err error
}

// addresses are the same flags wherever the stack runs.
func (s *settings) addresses(commander, dashboard *string) {
	s.text(commander, "commander-addr", localstack.EnvCommanderAddr, "127.0.0.1:8080", "where the commander listens")
	s.text(dashboard, "dashboard-addr", localstack.EnvDashboardAddr, "127.0.0.1:3000", "where the dashboard listens")
}

func (s *settings) text(p *string, flag, env, byDefault, usage string) {
	if value := os.Getenv(env); value != "" {
		byDefault = value
	}
	s.flags.StringVar(p, flag, byDefault, fmt.Sprintf("%s [%s]", usage, env))
}

func (s *settings) number(p *int, flag, env string, byDefault int, usage string) {
	if value := os.Getenv(env); value != "" {
		n, err := strconv.Atoi(value)
		if err != nil || n < 0 || n > 65535 {
			s.err = cliout.Usage("%s is %q, must be a number from 0 to 65535", env, value)
		}
		byDefault = n
	}
	s.flags.IntVar(p, flag, byDefault, fmt.Sprintf("%s [%s]", usage, env))
}
