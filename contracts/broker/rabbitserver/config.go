package rabbitserver

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/mission-control-dev/mission-control/contracts/freeport"
)

// Config describes one private node.
type Config struct {
	// Dir is the node's folder: data, cookie, configuration. Required; it is made when missing. Two servers must not
	// share it.
	Dir string
	// Port is where AMQP is served on 127.0.0.1. 0 picks a free one, which Server.URL tells.
	Port int
	// DistPort is for Erlang's distribution (rabbitmqctl). 0 picks a free one.
	DistPort int
	// EpmdPort is for the node's own port mapper. 0 picks a free one.
	EpmdPort int
	// NodeName defaults to "mission-control@localhost". The part after @ must resolve on this machine.
	NodeName string
	// User and Password are made at the first start on Dir, as administrator of the vhost "/". They default to
	// "mission-control" and "mission-control". ASCII letters, digits and -._~ only.
	User, Password string
	// Schedulers is how many schedulers the Erlang VM starts. 0 leaves it to the VM (one a core); 1 is good for tests.
	Schedulers int
	// Log gets what the node and epmd print. nil drops it.
	Log io.Writer
	// Installation is where RabbitMQ is. The zero value means Find().
	Installation Installation
}

// withDefaults fills in what was left out, ports included.
func (c Config) withDefaults() (Config, error) {
	if c.Dir == "" {
		return c, errors.New("rabbitserver: Config.Dir is required")
	}
	dir, err := filepath.Abs(c.Dir)
	if err != nil {
		return c, fmt.Errorf("rabbitserver: the folder's absolute path: %w", err)
	}
	c.Dir = dir
	if c.NodeName == "" {
		c.NodeName = "mission-control@localhost"
	}
	if c.User == "" {
		c.User = "mission-control"
	}
	if c.Password == "" {
		c.Password = "mission-control"
	}
	if strings.ContainsFunc(c.User+c.Password, needsQuoting) {
		return c, errors.New("rabbitserver: User and Password may have ASCII letters, digits and -._~ only")
	}
	if c.Installation == (Installation{}) {
		if c.Installation, err = Find(); err != nil {
			return c, err
		}
	}
	return c, nil
}

// needsQuoting tells what the configuration file or a URL would read as something else.
func needsQuoting(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	digit := '0' <= r && r <= '9'
	return !letter && !digit && !strings.ContainsRune("-._~", r)
}

// withPorts picks the ports that were left to us and makes sure that all are free.
func (c Config) withPorts() (Config, error) {
	for _, port := range []*int{&c.Port, &c.DistPort, &c.EpmdPort} {
		if err := pickPort(port); err != nil {
			return c, err
		}
	}
	return c, c.checkPorts()
}

func (c Config) checkPorts() error {
	named := []PortTakenError{{"EpmdPort", c.EpmdPort}, {"Port", c.Port}, {"DistPort", c.DistPort}}
	for _, p := range named {
		if freeport.InUse(address(p.Port)) {
			return &p
		}
	}
	return nil
}

// writeFiles makes the node's folder. The configuration holds the password, so nobody else may read it.
func (c Config) writeFiles() error {
	for _, dir := range []string{c.Dir, c.path("home"), c.path("conf.d")} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("making the node's folder: %w", err)
		}
	}
	conf := fmt.Sprintf(`# Written at each start.
listeners.tcp.1 = 127.0.0.1:%d
loopback_users = none
default_user = %s
default_pass = %s
log.console = true
log.console.level = info
`, c.Port, c.User, c.Password)
	if err := os.WriteFile(c.path("rabbitmq.conf"), []byte(conf), 0o600); err != nil {
		return fmt.Errorf("writing the node's configuration: %w", err)
	}
	if err := os.WriteFile(c.path("enabled_plugins"), []byte("[].\n"), 0o600); err != nil {
		return fmt.Errorf("writing the node's plugins file: %w", err)
	}
	return nil
}

func (c Config) path(name string) string { return filepath.Join(c.Dir, name) }

// environment is the caller's without anything that steers RabbitMQ or Erlang, plus our own settings.
func (c Config) environment() []string {
	var env []string
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		switch {
		case strings.HasPrefix(name, "RABBITMQ_"), strings.HasPrefix(name, "ERL_"), strings.HasPrefix(name, "XDG_"):
		case name == "HOME", name == "NOTIFY_SOCKET", name == "CONF_ENV_FILE", name == "LOG_BASE", name == "NODENAME":
		default:
			env = append(env, kv)
		}
	}
	serverArgs := "-start_epmd false -kernel inet_dist_use_interface {127,0,0,1}"
	if c.Schedulers > 0 {
		serverArgs += fmt.Sprintf(" +S %d:%d +A 4", c.Schedulers, c.Schedulers)
	}
	return append(env,
		"HOME="+c.path("home"),
		fmt.Sprintf("ERL_EPMD_PORT=%d", c.EpmdPort),
		"ERL_EPMD_ADDRESS=127.0.0.1",
		"ERL_CRASH_DUMP="+c.path("erl_crash.dump"),
		"RABBITMQ_NODENAME="+c.NodeName,
		fmt.Sprintf("RABBITMQ_NODE_PORT=%d", c.Port),
		fmt.Sprintf("RABBITMQ_DIST_PORT=%d", c.DistPort),
		"RABBITMQ_NODE_IP_ADDRESS=127.0.0.1",
		"RABBITMQ_MNESIA_BASE="+c.path("mnesia"),
		"RABBITMQ_LOG_BASE="+c.path("log"),
		"RABBITMQ_LOGS=-",
		"RABBITMQ_CONFIG_FILE="+c.path("rabbitmq.conf"),
		"RABBITMQ_CONFIG_FILES="+c.path("conf.d"),
		"RABBITMQ_ADVANCED_CONFIG_FILE="+c.path("advanced.config"),
		"RABBITMQ_ENABLED_PLUGINS_FILE="+c.path("enabled_plugins"),
		"RABBITMQ_CONF_ENV_FILE=/dev/null",
		"RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+serverArgs,
		"RABBITMQ_CTL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
		// The server script then becomes the Erlang VM instead of standing before it: our child is the node itself.
		"RUNNING_UNDER_SYSTEMD=true",
	)
}
