// Package config is the commander's settings, for its binary and for programs that run a commander of their own (see
// commanderfx), and reads them from the environment.
//
// A wrong setting stops the start with a sentence that names it. Secrets may be given as NAME or, better, as NAME_FILE:
// the path of a file whose content, without surrounding white space, is the secret. Both at once are refused: nobody
// could tell which one was meant.
package config

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/mission-control-dev/mission-control/store/shardstore"
)

// Config is every setting of the commander.
type Config struct {
	// Addr is COMMANDER_ADDR, where HTTP is served; default 127.0.0.1:8080.
	Addr string
	// RabbitMQURL is RABBITMQ_URL(_FILE), amqp or amqps; default amqp://127.0.0.1:5672.
	RabbitMQURL string
	// RedisURL is REDIS_URL(_FILE), redis or rediss; default redis://127.0.0.1:6379.
	RedisURL string
	// MasterSecret is COMMANDER_MASTER_SECRET(_FILE): all commanders derive their keys from it. Required, at least 32
	// characters. 64 or more hexadecimal digits are decoded, everything else is taken as it is written.
	MasterSecret []byte
	// EnrollmentKey is COMMANDER_ENROLLMENT_KEY(_FILE): what soldiers show to get their first token. Required, at least
	// 16 characters.
	EnrollmentKey string
	// APIKey is COMMANDER_API_KEY(_FILE): where set, all calls but health, keys and tokens need it as Bearer. Required
	// off loopback unless Insecure.
	APIKey string
	// Insecure is COMMANDER_INSECURE: true serves off loopback without an API key.
	Insecure bool
	// AllowedHosts is COMMANDER_ALLOWED_HOSTS, a comma list: host names that requests may be for, beside loopback's.
	AllowedHosts []string
	// OrdersWindow is COMMANDER_ORDERS_WINDOW: at about so many orders in a queue at the broker, the rest of a backlog
	// waits in Redis. 1 to 10,000,000; default, and for 0, 100,000.
	OrdersWindow int
	// RedisShards is COMMANDER_REDIS_SHARDS: over how many shards missions are spread, 1 to 64; default, and for 0, 1. It is fixed
	// for as long as Redis' data lives: another number stops the start. More than one pays on a Redis Cluster.
	RedisShards int
	// Keep is which missions stay that have ended, see Keep.
	Keep Keep
	// Ground is MISSION_CONTROL_GROUND, what the servers run on: local (default) or compose.
	Ground string
	// LogFormat is LOG_FORMAT: json (default) or console. LogLevel is LOG_LEVEL: debug, info (default), warn, error.
	LogFormat, LogLevel string
}

// DefaultOrdersWindow is the default of Config.OrdersWindow.
const DefaultOrdersWindow = 100_000

const (
	maxOrdersWindow  = 10_000_000
	minSecret        = 32
	minHexSecret     = 64
	minEnrollmentKey = 16
)

// FromEnv reads the settings through lookup, os.LookupEnv's shape. It reports all that is wrong, joined.
func FromEnv(lookup func(string) (string, bool)) (Config, error) {
	e := env{lookup: lookup}
	c := Config{
		Addr:          e.text("COMMANDER_ADDR", "127.0.0.1:8080"),
		RabbitMQURL:   e.url("RABBITMQ_URL", "amqp://127.0.0.1:5672", "amqp", "amqps"),
		RedisURL:      e.url("REDIS_URL", "redis://127.0.0.1:6379", "redis", "rediss"),
		MasterSecret:  decodeSecret(e.secret("COMMANDER_MASTER_SECRET")),
		EnrollmentKey: e.secret("COMMANDER_ENROLLMENT_KEY"),
		APIKey:        e.secret("COMMANDER_API_KEY"),
		Insecure:      e.boolean("COMMANDER_INSECURE"),
		AllowedHosts:  e.list("COMMANDER_ALLOWED_HOSTS"),
		OrdersWindow:  e.number("COMMANDER_ORDERS_WINDOW", DefaultOrdersWindow, 1, maxOrdersWindow),
		RedisShards:   e.number("COMMANDER_REDIS_SHARDS", 1, 1, shardstore.MaxShards),
		Keep:          e.keep(),
		Ground:        e.oneOf("MISSION_CONTROL_GROUND", "local", "compose"),
		LogFormat:     e.oneOf("LOG_FORMAT", "json", "console"),
		LogLevel:      e.oneOf("LOG_LEVEL", "info", "debug", "warn", "error"),
	}
	return c, errors.Join(append(e.errs, c.Check())...)
}

// Check reports all that is wrong with the secrets and the address, joined, by the names of the settings. commanderfx
// asks it of every Config, wherever it came from.
func (c Config) Check() error {
	var e env
	if len(c.MasterSecret) < minSecret {
		e.fail("COMMANDER_MASTER_SECRET must be at least %d random characters (try: openssl rand -hex 32), the same for all commanders", minSecret)
	}
	if len(c.EnrollmentKey) < minEnrollmentKey {
		e.fail("COMMANDER_ENROLLMENT_KEY must be at least %d characters, the same as the soldiers' SOLDIER_ENROLLMENT_KEY", minEnrollmentKey)
	}
	if c.OrdersWindow < 0 || c.OrdersWindow > maxOrdersWindow {
		e.fail("COMMANDER_ORDERS_WINDOW is %d, must be 1 to %d", c.OrdersWindow, maxOrdersWindow)
	}
	if c.RedisShards < 0 || c.RedisShards > shardstore.MaxShards {
		e.fail("COMMANDER_REDIS_SHARDS is %d, must be 1 to %d", c.RedisShards, shardstore.MaxShards)
	}
	host, port, err := net.SplitHostPort(c.Addr)
	if err != nil {
		e.fail("COMMANDER_ADDR is %q, must be host:port", c.Addr)
	} else if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		e.fail("COMMANDER_ADDR has port %q, must be 0 to 65535", port)
	}
	if err == nil && c.APIKey == "" && !c.Insecure && !loopback(host) {
		e.fail("COMMANDER_ADDR %s is not loopback: set COMMANDER_API_KEY, or COMMANDER_INSECURE=true to serve without one", c.Addr)
	}
	return errors.Join(e.errs...)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// decodeSecret takes a long row of hexadecimal digits for what it stands for, all else as it is: many a passphrase is
// base64 or short hexadecimal by chance, and must not become a shorter secret for it.
func decodeSecret(s string) []byte {
	if len(s) >= minHexSecret {
		if b, err := hex.DecodeString(s); err == nil {
			return b
		}
	}
	return []byte(s)
}

// env reads settings and gathers what is wrong with them.
type env struct {
	lookup func(string) (string, bool)
	errs   []error
}

func (e *env) fail(format string, args ...any) { e.errs = append(e.errs, fmt.Errorf(format, args...)) }

func (e *env) text(name, byDefault string) string {
	if v, ok := e.lookup(name); ok && strings.TrimSpace(v) != "" {
		return strings.TrimSpace(v)
	}
	return byDefault
}

func (e *env) oneOf(name string, byDefault string, others ...string) string {
	v := e.text(name, byDefault)
	if v == byDefault || slices.Contains(others, v) {
		return v
	}
	e.fail("%s is %q, must be %s or %s", name, v, byDefault, strings.Join(others, " or "))
	return byDefault
}

func (e *env) boolean(name string) bool {
	v := e.text(name, "false")
	b, err := strconv.ParseBool(v)
	if err != nil {
		e.fail("%s is %q, must be true or false", name, v)
	}
	return b
}

func (e *env) number(name string, byDefault, least, most int) int {
	v := e.text(name, strconv.Itoa(byDefault))
	n, err := strconv.Atoi(v)
	if err != nil || n < least || n > most {
		e.fail("%s is %q, must be a whole number from %d to %d", name, v, least, most)
		return byDefault
	}
	return n
}

func (e *env) list(name string) []string {
	var out []string
	for part := range strings.SplitSeq(e.text(name, ""), ",") {
		if part = strings.TrimSpace(part); part != "" {
			out = append(out, part)
		}
	}
	return out
}

// url never repeats the value: it may hold a password, and may come from a file for that reason.
func (e *env) url(name, byDefault string, schemes ...string) string {
	v := e.secret(name)
	if v == "" {
		v = byDefault
	}
	u, err := url.Parse(v)
	if err != nil || u.Host == "" {
		e.fail("%s must be a URL such as %s", name, byDefault)
		return v
	}
	if slices.Contains(schemes, u.Scheme) {
		return v
	}
	e.fail("%s has scheme %q, must be %s", name, u.Scheme, strings.Join(schemes, " or "))
	return v
}

func (e *env) secret(name string) string {
	value, file := e.text(name, ""), e.text(name+"_FILE", "")
	if file == "" {
		return value
	}
	if value != "" {
		e.fail("%s and %s_FILE are both set; set one of them", name, name)
		return value
	}
	b, err := os.ReadFile(file)
	if err != nil {
		e.fail("%s_FILE names a file that can't be read: %w", name, err)
		return ""
	}
	if value = strings.TrimSpace(string(b)); value == "" {
		e.fail("%s_FILE names an empty file (%s); write the value into it", name, file)
	}
	return value
}
