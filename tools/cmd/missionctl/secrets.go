package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
	"github.com/mission-control-dev/mission-control/tools/internal/secrets"
)

// newSecrets returns `missionctl secrets`.
func newSecrets(io cliout.Streams, conn *connection) *cobra.Command {
	var dir, user, rabbitmq string
	cmd := &cobra.Command{
		Use:   "secrets",
		Short: "Make a stack's secrets in a folder, where they are missing",
		Long: `Make a stack's secrets in a folder, where they are missing: commander-master-secret, enrollment-key and
rabbitmq-password, each a file that its owner alone can read; with --rabbitmq also rabbitmq-url, which has the password
in it. What exists stays as it is.`,
		Example: `  missionctl secrets --dir secrets
  missionctl secrets --dir secrets --rabbitmq rabbitmq.example:5672`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			files, err := secrets.Ensure(dir)
			if err != nil {
				return err
			}
			if rabbitmq != "" {
				if _, err := secrets.EnsureURL(files, user, rabbitmq); err != nil {
					return err
				}
			}
			if conn.output == cliout.JSON {
				return cliout.WriteJSON(io.Out, map[string]string{"dir": dir})
			}
			fmt.Fprintln(io.Out, "the secrets are in", dir)
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "", "the folder (required)")
	cmd.Flags().StringVar(&user, "rabbitmq-user", "mission-control", "the user in rabbitmq-url")
	cmd.Flags().StringVar(&rabbitmq, "rabbitmq", "", "host:port in rabbitmq-url")
	if err := cmd.MarkFlagRequired("dir"); err != nil {
		panic(err) // the flag is defined two lines above
	}
	return cmd
}
