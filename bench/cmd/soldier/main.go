// Command soldier is the soldier that the benchmark measures: our library with a handler that does nothing, as a user
// would write one. Its settings are those of the ready soldier. With BENCH_PPROF it serves pprof on that address.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"go.uber.org/zap"

	"github.com/mission-control-dev/mission-control/bench/internal/profile"
	"github.com/mission-control-dev/mission-control/soldier"
	"github.com/mission-control-dev/mission-control/soldier/config"
)

func main() {
	room := make([]byte, 16<<20) // as the ready soldier does
	err := run()
	runtime.KeepAlive(room)
	if err != nil {
		fmt.Fprintln(os.Stderr, "soldier:", err)
		os.Exit(1)
	}
}

type result struct {
	OK bool `json:"ok"`
}

func run() error {
	profile.Serve(os.Getenv("BENCH_PPROF"))
	settings, err := config.Read(config.Process(), "")
	if err != nil {
		return err
	}
	logging := zap.NewProductionConfig()
	logging.Level = zap.NewAtomicLevelAt(settings.LogLevel)
	if settings.Soldier.Logger, err = logging.Build(); err != nil {
		return err
	}
	s, err := soldier.New(settings.Soldier)
	if err != nil {
		return err
	}
	for _, kind := range []string{"noop", "other"} {
		soldier.Handle(s, kind, func(context.Context, soldier.Mission[json.RawMessage]) (result, error) {
			return result{OK: true}, nil
		})
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	if err := s.Start(ctx); err != nil {
		return err
	}
	<-ctx.Done()
	ending, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return s.Stop(ending)
}
