// Package profile serves and fetches Go profiles of the processes that the benchmark starts.
package profile

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/pprof"
	"os"
	"time"
)

// Serve serves /debug/pprof/ on addr for as long as the process lives. An empty addr serves nothing.
func Serve(addr string) {
	if addr == "" {
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Addr: addr, Handler: mux, ReadHeaderTimeout: time.Second}
	go func() {
		if err := server.ListenAndServe(); err != nil {
			fmt.Fprintln(os.Stderr, "no profiles:", err)
		}
	}()
}

// Fetch writes the profile of that name ("allocs", or "profile?seconds=5" for the CPU's) to a file.
func Fetch(ctx context.Context, addr, name, file string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/debug/pprof/"+name, nil)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return fmt.Errorf("asking for a profile: %w", err)
	}
	defer response.Body.Close()
	out, err := os.Create(file)
	if err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	_, err = io.Copy(out, response.Body)
	if err = errors.Join(err, out.Close()); err != nil {
		return fmt.Errorf("writing a profile: %w", err)
	}
	return nil
}
