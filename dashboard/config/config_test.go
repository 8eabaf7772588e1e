package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func env(pairs map[string]string) func(string) string {
	return func(name string) string { return pairs[name] }
}

func TestLoad(t *testing.T) {
	keyFile := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(keyFile, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name string
		env  map[string]string
		want Config
		urls []string
	}{
		{
			name: "defaults",
			want: Config{Addr: "127.0.0.1:3000", BasePath: "/", LogFormat: LogJSON},
			urls: []string{"http://127.0.0.1:8080"},
		},
		{
			name: "all set",
			env: map[string]string{
				"DASHBOARD_ADDR":          ":4000",
				"DASHBOARD_COMMANDER_URL": "https://commander.example/base, http://10.0.0.9:8080,",
				"DASHBOARD_BASE_PATH":     "/tools/mc",
				"DASHBOARD_TITLE":         " production, north ",
				"DASHBOARD_READ_ONLY":     "true",
				"COMMANDER_API_KEY":       "secret",
				"DASHBOARD_ALLOWED_HOSTS": " Ops.example ,,[fd00::1],10.0.0.8",
				"LOG_FORMAT":              "console",
			},
			want: Config{
				Addr: ":4000", BasePath: "/tools/mc/", Title: "production, north", ReadOnly: true,
				APIKey: "secret", AllowedHosts: []string{"ops.example", "fd00::1", "10.0.0.8"}, LogFormat: LogConsole,
			},
			urls: []string{"https://commander.example/base", "http://10.0.0.9:8080"},
		},
		{
			name: "key from a file",
			env:  map[string]string{"COMMANDER_API_KEY_FILE": keyFile},
			want: Config{Addr: "127.0.0.1:3000", BasePath: "/", APIKey: "from-file", LogFormat: LogJSON},
			urls: []string{"http://127.0.0.1:8080"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := Load(env(tt.env))
			if err != nil {
				t.Fatal(err)
			}
			var urls []string
			for _, u := range got.CommanderURLs {
				urls = append(urls, u.String())
			}
			if diff := cmp.Diff(tt.urls, urls); diff != "" {
				t.Error(diff)
			}
			got.CommanderURLs = nil
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestLoadNamesTheWrongSetting(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(empty, []byte(" \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		setting string
		env     map[string]string
	}{
		{"DASHBOARD_ADDR", map[string]string{"DASHBOARD_ADDR": "3000"}},
		{"DASHBOARD_ADDR", map[string]string{"DASHBOARD_ADDR": "localhost:http"}},
		{"DASHBOARD_ADDR", map[string]string{"DASHBOARD_ADDR": "localhost:70000"}},
		{"DASHBOARD_COMMANDER_URL", map[string]string{"DASHBOARD_COMMANDER_URL": "127.0.0.1:8080"}},
		{"DASHBOARD_COMMANDER_URL", map[string]string{"DASHBOARD_COMMANDER_URL": "ftp://commander"}},
		{"DASHBOARD_COMMANDER_URL", map[string]string{"DASHBOARD_COMMANDER_URL": "http://"}},
		{"DASHBOARD_COMMANDER_URL", map[string]string{"DASHBOARD_COMMANDER_URL": "http://u:secret@commander"}},
		{"DASHBOARD_COMMANDER_URL", map[string]string{"DASHBOARD_COMMANDER_URL": "http://one:8080,two:8080"}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": "mc"}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": "/mc//deep"}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": "/mc/../deep"}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": `/m"c`}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": "/{mc}"}},
		{"DASHBOARD_BASE_PATH", map[string]string{"DASHBOARD_BASE_PATH": "/healthz/"}},
		{"DASHBOARD_TITLE", map[string]string{"DASHBOARD_TITLE": "two\nlines"}},
		{"DASHBOARD_TITLE", map[string]string{"DASHBOARD_TITLE": strings.Repeat("x", 25)}},
		{"DASHBOARD_READ_ONLY", map[string]string{"DASHBOARD_READ_ONLY": "yes"}},
		{"COMMANDER_API_KEY", map[string]string{"COMMANDER_API_KEY": "a", "COMMANDER_API_KEY_FILE": "b"}},
		{"COMMANDER_API_KEY", map[string]string{"COMMANDER_API_KEY": "two\nlines"}},
		{"COMMANDER_API_KEY_FILE", map[string]string{"COMMANDER_API_KEY_FILE": "/nowhere/key"}},
		{"COMMANDER_API_KEY_FILE", map[string]string{"COMMANDER_API_KEY_FILE": empty}},
		{"DASHBOARD_ALLOWED_HOSTS", map[string]string{"DASHBOARD_ALLOWED_HOSTS": "ops.example:3000"}},
		{"DASHBOARD_ALLOWED_HOSTS", map[string]string{"DASHBOARD_ALLOWED_HOSTS": "*"}},
		{"DASHBOARD_ALLOWED_HOSTS", map[string]string{"DASHBOARD_ALLOWED_HOSTS": "http://ops.example"}},
		{"LOG_FORMAT", map[string]string{"LOG_FORMAT": "xml"}},
	}
	for _, tt := range tests {
		t.Run(tt.setting, func(t *testing.T) {
			_, err := Load(env(tt.env))
			var wrong *SettingError
			if !errors.As(err, &wrong) {
				t.Fatalf("error %v, want a SettingError", err)
			}
			if wrong.Setting != tt.setting {
				t.Errorf("it names %s, want %s", wrong.Setting, tt.setting)
			}
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error tells a secret: %v", err)
			}
		})
	}
}

func TestLoadReportsAllWrongSettings(t *testing.T) {
	_, err := Load(env(map[string]string{"DASHBOARD_ADDR": "x", "LOG_FORMAT": "x"}))
	if err == nil || !strings.Contains(err.Error(), "DASHBOARD_ADDR") || !strings.Contains(err.Error(), "LOG_FORMAT") {
		t.Errorf("error %v, want both settings named", err)
	}
}

func TestBasePathBeginsAndEndsWithASlash(t *testing.T) {
	for value, want := range map[string]string{"": "/", "/": "/", "/mc": "/mc/", "/mc/": "/mc/", "/a.b/c-d_e~": "/a.b/c-d_e~/"} {
		cfg, err := Load(env(map[string]string{"DASHBOARD_BASE_PATH": value}))
		if err != nil || cfg.BasePath != want {
			t.Errorf("%q: %q, %v; want %q", value, cfg.BasePath, err, want)
		}
	}
}
