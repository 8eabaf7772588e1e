package main

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newRoot returns missionctl with all its commands, one file each.
func newRoot(io cliout.Streams) *cobra.Command {
	root := &cobra.Command{
		Use:   "missionctl",
		Short: "Submit and follow missions, run a local stack, drill it",
		Long: "missionctl submits and follows missions, runs a local stack, and drills it.\n\n" +
			cliout.ExitCodesHelp,
		SilenceUsage:  true,
		SilenceErrors: true,
	}
	root.SetIn(io.In)
	root.SetOut(io.Out)
	root.SetErr(io.Err)
	conn := newConnection(root.PersistentFlags())
	root.AddCommand(
		newUp(io),
		newDemo(io),
		newDown(io),
		newGround(io),
		newServers(io),
		newSecrets(io),
		newSubmit(io, conn),
		newGet(io, conn),
		newLogs(io, conn),
		newList(io, conn),
		newWatch(io, conn),
		newCancel(io, conn),
		newRetry(io, conn),
		newPurge(io, conn),
		newBulk(io, conn),
		newExport(io, conn),
		newSoldiers(io, conn),
		newLimits(io, conn),
		newSchedules(io, conn),
		newSquads(io, conn),
		newSetAside(io, conn),
		newHealth(io, conn),
		newDrill(io, conn),
		newFaults(io, conn),
		newVersion(io),
	)
	return root
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, io cliout.Streams) int {
	root := newRoot(io)
	root.SetArgs(args)
	understood := false
	root.PersistentPreRun = func(*cobra.Command, []string) { understood = true }
	cmd, err := root.ExecuteContextC(ctx)
	var coded *cliout.CodeError
	if err != nil && !understood && !errors.As(err, &coded) {
		err = cliout.Usage("%v; see %s --help", err, cmd.CommandPath())
	}
	return cliout.Exit(ctx, io, err)
}
