package main

import (
	"bufio"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newExport returns `missionctl export`.
func newExport(streams cliout.Streams, conn *connection) *cobra.Command {
	var f filter
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write all missions that fit, with payloads and results, as lines of JSON",
		Long: "Write all missions that fit, newest first, each as JSON on a line of its own, with payload and result. Where it\n" +
			"breaks off it says so and exits with 1: what was written is then not all.",
		Example: "  missionctl export --kind sync --status FAILED > failed.ndjson\n" +
			"  missionctl export | jq -r .result",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o, err := f.options()
			if err != nil {
				return err
			}
			c, err := conn.client(client.Retry{})
			if err != nil {
				return err
			}
			ctx, cancel := conn.follow(cmd.Context())
			defer cancel()
			out := bufio.NewWriter(streams.Out)
			for m, err := range c.Export(ctx, o) {
				if err == nil {
					err = cliout.WriteJSONLine(out, m)
				}
				if err != nil {
					_ = out.Flush()
					return err
				}
			}
			return out.Flush()
		},
	}
	f.add(cmd)
	return cmd
}
