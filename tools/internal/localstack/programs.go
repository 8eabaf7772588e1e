package localstack

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/mission-control-dev/mission-control/tools/internal/supervise"
)

func (s *Stack) commander() supervise.ProgramConfig {
	return supervise.ProgramConfig{
		Path: filepath.Join(s.cfg.BinDir, Commander),
		Env: s.environment(Commander,
			"COMMANDER_ADDR="+s.cfg.CommanderAddr,
			"RABBITMQ_URL="+s.RabbitMQURL(),
			"REDIS_URL="+s.RedisURL(),
			"COMMANDER_MASTER_SECRET_FILE="+s.secrets.MasterSecret,
			"COMMANDER_ENROLLMENT_KEY_FILE="+s.secrets.EnrollmentKey,
		),
		Ready: answers(s.CommanderURL() + "/health/live"),
	}
}

func (s *Stack) soldier(id string) supervise.ProgramConfig {
	return supervise.ProgramConfig{
		Path: filepath.Join(s.cfg.BinDir, "soldier"),
		Args: []string{"--id", id},
		Env: s.environment(id,
			"SOLDIER_ID="+id,
			"COMMANDER_URL="+s.CommanderURL(),
			"RABBITMQ_URL="+s.RabbitMQURL(),
			"SOLDIER_ENROLLMENT_KEY_FILE="+s.secrets.EnrollmentKey,
			"SOLDIER_JOURNAL="+filepath.Join(s.JournalDir(), id+".jsonl"),
			"SOLDIER_DRAIN_TIMEOUT="+soldierDrain,
		),
	}
}

func (s *Stack) dashboard() supervise.ProgramConfig {
	return supervise.ProgramConfig{
		Path: filepath.Join(s.cfg.BinDir, Dashboard),
		Env: s.environment(Dashboard,
			"DASHBOARD_ADDR="+s.cfg.DashboardAddr,
			"DASHBOARD_COMMANDER_URL="+s.CommanderURL(),
		),
		Ready: answers(s.DashboardURL() + "/"),
	}
}

// environment is ours, then what all parts get, then the part's own; where a name comes twice, the later one counts.
func (s *Stack) environment(part string, own ...string) []string {
	var env []string
	for _, kv := range os.Environ() {
		// What is given both by itself and as a file would be a contradiction.
		switch name, _, _ := strings.Cut(kv, "="); name {
		case "COMMANDER_MASTER_SECRET", "COMMANDER_ENROLLMENT_KEY", "SOLDIER_ENROLLMENT_KEY", "RABBITMQ_URL_FILE", "REDIS_URL_FILE":
		default:
			env = append(env, kv)
		}
	}
	env = append(env, "LOG_FORMAT=console", "MISSION_CONTROL_GROUND=local")
	env = append(env, own...)
	env = append(env, s.cfg.Env...)
	return append(env, s.cfg.PartEnv[part]...)
}

// answers is ready as soon as there is an HTTP answer, whatever it says.
func answers(url string) func(context.Context) error {
	return func(ctx context.Context) error {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return fmt.Errorf("asking %s: %w", url, err)
		}
		// A connection that is kept would outlive the part's life.
		request.Close = true
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			return err
		}
		return response.Body.Close()
	}
}
