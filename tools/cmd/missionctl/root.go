package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

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
		newGround(io, conn),
		newServers(io, conn),
		newSecrets(io, conn),
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
		newAttention(io, conn),
		newHealth(io, conn),
		newStats(io, conn),
		newFailures(io, conn),
		newDrill(io, conn),
		newFaults(io, conn),
		newVersion(io, conn),
		newCompletion(io),
	)
	completeArguments(root, conn)
	everyCommand(root, refuseUnknown)
	everyCommand(root, nameArguments)
	return root
}

// everyCommand does something with all commands.
func everyCommand(cmd *cobra.Command, do func(*cobra.Command)) {
	do(cmd)
	for _, sub := range cmd.Commands() {
		everyCommand(sub, do)
	}
}

// refuseUnknown has a command that only holds others refuse what is none of them: by itself it would print its help and
// report success.
func refuseUnknown(cmd *cobra.Command) {
	if cmd.Runnable() || !cmd.HasParent() {
		return
	}
	cmd.Annotations = map[string]string{groupMark: ""}
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return cmd.Help()
		}
		return cliout.Usage("%s has no command %q; see %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())
	}
}

// nameArguments has a command that takes arguments say which, where it got others: cobra only counts them.
func nameArguments(cmd *cobra.Command) {
	check := cmd.Args
	if check == nil || !strings.Contains(cmd.Use, " ") {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return fmt.Errorf("%w: %s", err, cmd.UseLine())
		}
		return nil
	}
}

// forPeople marks a command that prints no data: with --output json it is wrong usage, rather than text that no program reads.
func forPeople() map[string]string { return map[string]string{forPeopleMark: ""} }

// The marks of commands that print no data, and of those that only hold others.
const forPeopleMark, groupMark = "for people", "group"

// run runs one command line and returns the exit code.
func run(ctx context.Context, args []string, io cliout.Streams) int {
	root := newRoot(io)
	root.SetArgs(args)
	understood := false
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		// Cobra looks at groups of flags only after this, when an error is no longer one of usage.
		if err := cmd.ValidateFlagGroups(); err != nil {
			return err
		}
		understood = true
		if _, marked := cmd.Annotations[forPeopleMark]; marked && cmd.Flag("output").Value.String() != string(cliout.Table) {
			return cliout.Usage("%s prints no data: leave out --output", cmd.CommandPath())
		}
		return nil
	}
	cmd, err := root.ExecuteContextC(ctx)
	var coded *cliout.CodeError
	if err != nil && !understood && !errors.As(err, &coded) {
		err = cliout.Usage("%s; see %s --help", strings.Join(strings.Fields(err.Error()), " "), cmd.CommandPath())
	}
	return cliout.Exit(ctx, io, err)
}
