package soldier

import (
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/broker"
)

// Defaults of Config.
const (
	DefaultSlots        = 16
	DefaultDrainTimeout = 30 * time.Second
	DefaultCommanderURL = "http://127.0.0.1:8080"
	DefaultRabbitMQURL  = "amqp://127.0.0.1:5672"
)

// Config is what a soldier needs to know. Only ID and EnrollmentKey are required.
type Config struct {
	// ID names this process among all soldiers, [a-z0-9][a-z0-9._-]{0,63}. Two processes must not share one.
	ID string
	// Squads are those whose orders it takes, 1 to 64. Default: ["default"].
	Squads []string
	// Slots is how many missions run at once, 1 to 10000. Default 16.
	Slots int
	// CommanderURLs are the commanders, asked in turn. Default: http://127.0.0.1:8080.
	CommanderURLs []string
	// RabbitMQURL is amqp:// or amqps://. Default: amqp://127.0.0.1:5672. Not used where Broker is set.
	RabbitMQURL string
	// Broker, where set, is used instead of a connection of the soldier's own. Whoever gives it starts and closes it,
	// the latter after Stop.
	Broker broker.Broker
	// EnrollmentKey proves to commanders that this process may be a soldier.
	EnrollmentKey string
	// DrainTimeout is how long running handlers have to end by themselves once Stop is called. Default 30 s; a negative
	// one ends them at once.
	DrainTimeout time.Duration
	// Journal is a file that gets a line at each start and end of an execution. Default: none.
	Journal string
	// HTTPClient asks the commanders. Default: one of the soldier's own.
	HTTPClient *http.Client
	// Version is what commanders show as this soldier's release, at most 100 bytes. Default: this library's.
	Version string
	// Logger. Default: none.
	Logger *zap.Logger
}

func (c Config) withDefaults() (Config, error) {
	if len(c.Squads) == 0 {
		c.Squads = []string{contracts.DefaultSquad}
	}
	if c.Slots == 0 {
		c.Slots = DefaultSlots
	}
	if len(c.CommanderURLs) == 0 {
		c.CommanderURLs = []string{DefaultCommanderURL}
	}
	if c.RabbitMQURL == "" {
		c.RabbitMQURL = DefaultRabbitMQURL
	}
	if c.DrainTimeout == 0 {
		c.DrainTimeout = DefaultDrainTimeout
	}
	if c.Version == "" {
		c.Version = Version()
	}
	if c.Logger == nil {
		c.Logger = zap.NewNop()
	}
	return c, c.check()
}

func (c Config) check() error {
	const name = "1 to 64 of a-z, 0-9, '.', '_' and '-', starting with a letter or digit"
	if !contracts.ValidToken(c.ID) {
		return &ConfigError{"ID", fmt.Sprintf("is %q; it must be %s", c.ID, name)}
	}
	if len(c.Squads) > 64 {
		return &ConfigError{"Squads", "names more than 64 squads; name fewer"}
	}
	seen := map[string]bool{}
	for _, s := range c.Squads {
		if !contracts.ValidToken(s) || seen[s] {
			return &ConfigError{"Squads", fmt.Sprintf("has %q; each must be named once, by %s", s, name)}
		}
		seen[s] = true
	}
	if c.Slots < 1 || c.Slots > 10000 {
		return &ConfigError{"Slots", fmt.Sprintf("is %d; it must be 1 to 10000", c.Slots)}
	}
	for _, raw := range c.CommanderURLs {
		u, err := url.Parse(raw)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
			return &ConfigError{"CommanderURLs", "has an entry that does not look like http://host:port"}
		}
	}
	if c.EnrollmentKey == "" {
		return &ConfigError{"EnrollmentKey", "is missing; give the key that the commanders were started with"}
	}
	if len(c.Version) > 100 {
		return &ConfigError{"Version", "is longer than 100 bytes"}
	}
	return nil
}
