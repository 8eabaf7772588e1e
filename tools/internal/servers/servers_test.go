package servers

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestDebianLike(t *testing.T) {
	for content, want := range map[string]bool{
		"ID=debian\n": true,
		"NAME=\"Ubuntu\"\nID=ubuntu\nID_LIKE=debian\n": true,
		"ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n":    true,
		"ID=fedora\n": false,
		"ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n": false,
		"NAME=debian\n": false,
	} {
		path := filepath.Join(t.TempDir(), "os-release")
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := debianLike(path); got != want {
			t.Errorf("%q: got %v", content, got)
		}
	}
	if debianLike("/nowhere") {
		t.Error("no file is no Debian")
	}
}

func TestMissingErrorSaysHowEverywhere(t *testing.T) {
	text := (&MissingError{Packages: []string{"redis-server", "rabbitmq-server"}, Reason: "installing needs root"}).Error()
	for _, want := range []string{"redis-server and rabbitmq-server are missing", "needs root", "apt-get", "dnf", "brew", "Docker"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in:\n%s", want, text)
		}
	}
}
