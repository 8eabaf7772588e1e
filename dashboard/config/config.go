// Package config reads the dashboard server's settings from the environment.
//
// Every setting has a default that suits one machine. A wrong one stops the
// start with a sentence that names it; nothing is guessed.
package config

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Defaults of the settings.
const (
	DefaultAddr         = "127.0.0.1:3000"
	DefaultCommanderURL = "http://127.0.0.1:8080"
)

// LogFormat is how log lines are written.
type LogFormat string

// Log formats: json for machines (the default), console for people.
const (
	LogJSON    LogFormat = "json"
	LogConsole LogFormat = "console"
)

// Config holds the settings, checked.
type Config struct {
	// Addr is where the server listens: DASHBOARD_ADDR, host:port.
	Addr string
	// CommanderURLs is where /api goes: DASHBOARD_COMMANDER_URL, comma separated, one at least. Each is
	// http or https, a path prefix allowed. They are commanders of one installation, each as good as the other.
	CommanderURLs []*url.URL
	// BasePath is where pages and API are served: DASHBOARD_BASE_PATH. It begins and ends with a slash: "/", or as in "/mc/".
	BasePath string
	// Title tells this installation from others, beside the name and in the tab: DASHBOARD_TITLE. Empty shows none.
	Title string
	// ReadOnly refuses all calls that change something: DASHBOARD_READ_ONLY.
	ReadOnly bool
	// APIKey is sent to the commander as Bearer; empty sends none. COMMANDER_API_KEY or COMMANDER_API_KEY_FILE.
	APIKey string
	// AllowedHosts are the names, beside localhost and the loopback addresses, under which
	// browsers may reach the server: DASHBOARD_ALLOWED_HOSTS, comma separated, without ports.
	AllowedHosts []string
	// LogFormat is LOG_FORMAT.
	LogFormat LogFormat
}

// SettingError names the setting that is wrong and says what it should be.
type SettingError struct {
	Setting string
	Reason  string
}

func (e *SettingError) Error() string { return e.Setting + " " + e.Reason }

// Load reads the settings through getenv (os.Getenv in the binary). Its error joins
// one SettingError for each wrong setting.
func Load(getenv func(string) string) (Config, error) {
	var (
		cfg  Config
		errs []error
		err  error
	)
	if cfg.Addr, err = addr(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.CommanderURLs, err = commanderURLs(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.BasePath, err = basePath(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.Title, err = title(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.ReadOnly, err = readOnly(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.APIKey, err = apiKey(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.AllowedHosts, err = allowedHosts(getenv); err != nil {
		errs = append(errs, err)
	}
	if cfg.LogFormat, err = logFormat(getenv); err != nil {
		errs = append(errs, err)
	}
	if len(errs) > 0 {
		return Config{}, errors.Join(errs...)
	}
	return cfg, nil
}

func addr(getenv func(string) string) (string, error) {
	const name = "DASHBOARD_ADDR"
	value := getenv(name)
	if value == "" {
		return DefaultAddr, nil
	}
	_, port, err := net.SplitHostPort(value)
	if err != nil {
		return "", &SettingError{name, fmt.Sprintf("must be host:port, as in %s; it is %q", DefaultAddr, value)}
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", &SettingError{name, fmt.Sprintf("needs a port from 0 to 65535 (0 picks a free one); it is %q", value)}
	}
	return value, nil
}

func commanderURLs(getenv func(string) string) ([]*url.URL, error) {
	const name = "DASHBOARD_COMMANDER_URL"
	var urls []*url.URL
	for entry := range strings.SplitSeq(getenv(name), ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		u, err := commanderURL(name, entry)
		if err != nil {
			return nil, err
		}
		urls = append(urls, u)
	}
	if len(urls) == 0 {
		u, err := commanderURL(name, DefaultCommanderURL)
		return []*url.URL{u}, err
	}
	return urls, nil
}

func commanderURL(name, value string) (*url.URL, error) {
	u, err := url.Parse(value)
	if err != nil {
		return nil, &SettingError{name, "holds what is no URL; set it as in " + DefaultCommanderURL}
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.Hostname() == "" {
		return nil, &SettingError{name, fmt.Sprintf("must hold http or https addresses, as in %s; one is %q", DefaultCommanderURL, u.Redacted())}
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, &SettingError{name, "must have no user, query or fragment; put a key into COMMANDER_API_KEY"}
	}
	return u, nil
}

// basePath takes no character that HTML, a URL or a route pattern would read as something else.
func basePath(getenv func(string) string) (string, error) {
	const name = "DASHBOARD_BASE_PATH"
	value := getenv(name)
	wrong := func(reason string) (string, error) {
		return "", &SettingError{name, fmt.Sprintf("%s; it is %q", reason, value)}
	}
	if value == "" || value == "/" {
		return "/", nil
	}
	if !strings.HasPrefix(value, "/") {
		return wrong("must begin with a slash, as in /mc")
	}
	bare := strings.TrimSuffix(value[1:], "/")
	for segment := range strings.SplitSeq(bare, "/") {
		if segment == "" || segment == "." || segment == ".." || strings.Trim(segment, pathCharacters) != "" {
			return wrong("takes letters, digits and . _ ~ - between single slashes, as in /tools/mc")
		}
	}
	if bare == "healthz" {
		return wrong("must leave /healthz to the health check")
	}
	return "/" + bare + "/", nil
}

const pathCharacters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~-"

// maxTitle is what the header has room for on a phone.
const maxTitle = 24

func title(getenv func(string) string) (string, error) {
	const name = "DASHBOARD_TITLE"
	value := strings.TrimSpace(getenv(name))
	if !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl) {
		return "", &SettingError{name, "must be one line of text"}
	}
	if n := utf8.RuneCountInString(value); n > maxTitle {
		return "", &SettingError{name, fmt.Sprintf("may have %d characters, as in production; it has %d", maxTitle, n)}
	}
	return value, nil
}

func readOnly(getenv func(string) string) (bool, error) {
	const name = "DASHBOARD_READ_ONLY"
	switch value := getenv(name); value {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	default:
		return false, &SettingError{name, fmt.Sprintf("must be true or false; it is %q", value)}
	}
}

func apiKey(getenv func(string) string) (string, error) {
	const name, fileName = "COMMANDER_API_KEY", "COMMANDER_API_KEY_FILE"
	key, file := getenv(name), getenv(fileName)
	setting := name
	switch {
	case key != "" && file != "":
		return "", &SettingError{name, "and " + fileName + " are both set; keep one"}
	case file != "":
		content, err := os.ReadFile(file)
		if err != nil {
			return "", &SettingError{fileName, fmt.Sprintf("names a file that can't be read: %v", err)}
		}
		key, setting = strings.TrimSpace(string(content)), fileName
		if key == "" {
			return "", &SettingError{fileName, fmt.Sprintf("names an empty file (%s); write the key into it", file)}
		}
	}
	for _, r := range key {
		if r <= ' ' || r > '~' {
			return "", &SettingError{setting, "may hold visible ASCII characters only, without spaces"}
		}
	}
	return key, nil
}

func allowedHosts(getenv func(string) string) ([]string, error) {
	const name = "DASHBOARD_ALLOWED_HOSTS"
	var hosts []string
	for entry := range strings.SplitSeq(getenv(name), ",") {
		entry = strings.TrimSpace(entry)
		if entry == "" {
			continue
		}
		bare := strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")
		if strings.ContainsAny(bare, "/ *@") || (strings.Contains(bare, ":") && net.ParseIP(bare) == nil) {
			return nil, &SettingError{name, fmt.Sprintf("takes host names without scheme, port or wildcard, separated by commas; %q is none", entry)}
		}
		hosts = append(hosts, strings.ToLower(bare))
	}
	return hosts, nil
}

func logFormat(getenv func(string) string) (LogFormat, error) {
	const name = "LOG_FORMAT"
	switch value := LogFormat(getenv(name)); value {
	case "":
		return LogJSON, nil
	case LogJSON, LogConsole:
		return value, nil
	default:
		return "", &SettingError{name, fmt.Sprintf("must be json or console; it is %q", string(value))}
	}
}
