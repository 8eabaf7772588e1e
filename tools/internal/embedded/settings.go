package embedded

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"os"
	"slices"

	"github.com/mission-control-dev/mission-control/commander/config"
	dashboardconfig "github.com/mission-control-dev/mission-control/dashboard/config"
	soldierconfig "github.com/mission-control-dev/mission-control/soldier/config"
	"github.com/mission-control-dev/mission-control/tools/internal/localstack"
)

// environment is where the parts' settings come from: what we set goes before what the person set.
type environment struct {
	lookup func(string) (string, bool)
	ours   map[string]string
}

// unused are the settings that mean nothing here. A contradiction in them must not stop the start.
func unused() []string {
	return []string{
		"RABBITMQ_URL", "RABBITMQ_URL_FILE", "REDIS_URL", "REDIS_URL_FILE", "MISSION_CONTROL_GROUND",
		"COMMANDER_MASTER_SECRET", "COMMANDER_MASTER_SECRET_FILE", "COMMANDER_ENROLLMENT_KEY", "COMMANDER_ENROLLMENT_KEY_FILE",
		"SOLDIER_ENROLLMENT_KEY", "SOLDIER_ENROLLMENT_KEY_FILE", "SOLDIER_DRAIN_TIMEOUT", "COMMANDER_URL", "DASHBOARD_COMMANDER_URL",
	}
}

func newEnvironment(cfg Config) environment {
	key := secret()
	return environment{lookup: cfg.Lookup, ours: map[string]string{
		localstack.EnvCommanderAddr: cfg.CommanderAddr,
		localstack.EnvDashboardAddr: cfg.DashboardAddr,
		"COMMANDER_MASTER_SECRET":   secret(),
		"COMMANDER_ENROLLMENT_KEY":  key,
		"SOLDIER_ENROLLMENT_KEY":    key,
		"SOLDIER_DRAIN_TIMEOUT":     "0s",
	}}
}

// secret returns 32 random bytes in hexadecimal.
func secret() string {
	var b [32]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

func (e environment) look(name string) (string, bool) {
	if value, ok := e.ours[name]; ok {
		return value, true
	}
	if slices.Contains(unused(), name) {
		return "", false
	}
	return e.lookup(name)
}

func (e environment) get(name string) string {
	value, _ := e.look(name)
	return value
}

// settings are those of all parts.
type settings struct {
	commander config.Config
	dashboard dashboardconfig.Config
	soldiers  []soldierconfig.Settings
}

func (e environment) settings(soldiers int) (settings, error) {
	var (
		s   settings
		err error
	)
	if s.commander, err = config.FromEnv(e.look); err != nil {
		return s, err
	}
	if s.dashboard, err = dashboardconfig.Load(e.get); err != nil {
		return s, err
	}
	for n := range soldiers {
		one, err := soldierconfig.Read(soldierconfig.Environment{
			Lookup: e.look, ReadFile: os.ReadFile, Hostname: os.Hostname,
		}, localstack.SoldierName(n+1))
		if err != nil {
			return s, fmt.Errorf("reading the soldiers' settings: %w", err)
		}
		s.soldiers = append(s.soldiers, one)
	}
	return s, nil
}
