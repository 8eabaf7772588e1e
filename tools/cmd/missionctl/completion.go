package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/mission-control-dev/mission-control/contracts"
	"github.com/mission-control-dev/mission-control/contracts/client"
	"github.com/mission-control-dev/mission-control/tools/internal/cliout"
)

// newCompletion returns `missionctl completion`.
func newCompletion(io cliout.Streams) *cobra.Command {
	return &cobra.Command{
		Use:   "completion bash|zsh|fish",
		Short: "Print what has a shell complete commands, flags, and the ids of missions",
		Long: `Print a script that has a shell complete commands and flags, and what the commander knows: the ids of the newest missions,
kinds, squads and soldiers. Those are asked for as --url, MISSIONCTL_URL and COMMANDER_API_KEY say; where no answer comes within
a second, nothing is completed. Bash needs the package bash-completion.`,
		Example: `  source <(missionctl completion bash)                                    # in ~/.bashrc
  missionctl completion zsh > "${fpath[1]}/_missionctl"                   # once; then a new shell
  missionctl completion fish > ~/.config/fish/completions/missionctl.fish`,
		Args:        cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs:   []cobra.Completion{"bash", "zsh", "fish"},
		Annotations: forPeople(),
		RunE: func(cmd *cobra.Command, args []string) error {
			switch args[0] {
			case "zsh":
				return cmd.Root().GenZshCompletion(io.Out)
			case "fish":
				return cmd.Root().GenFishCompletion(io.Out, true)
			}
			return cmd.Root().GenBashCompletionV2(io.Out, true)
		},
	}
}

// patience is how long a person waits for a completion.
const patience = time.Second

// suggest asks the commander for what an argument may be: each a word, and a tab and an explanation where it has one.
type suggest func(context.Context, *client.Client) ([]string, error)

// completeArguments has all commands complete the flags that mean the same everywhere, and those that take an id complete it.
func completeArguments(root *cobra.Command, conn *connection) {
	flags := map[string]cobra.CompletionFunc{
		"output":   fixed(string(cliout.Table), string(cliout.JSON)),
		"status":   fixed(lower(contracts.Statuses())...),
		"priority": fixed(lower(contracts.Priorities())...),
		"missed":   fixed(string(contracts.MissedSkip), string(contracts.MissedLast), string(contracts.MissedAll)),
		"overlap":  fixed(string(contracts.OverlapAllow), string(contracts.OverlapSkip)),
		"kind":     conn.ask(suggestKinds),
		"squad":    conn.ask(suggestSquads),
	}
	arguments := map[string]suggest{
		"get": suggestMissions, "watch": suggestMissions, "cancel": suggestMissions, "retry": suggestMissions,
		"purge": suggestMissions, "logs": suggestMissions,
		"bulk get": suggestBulkJobs, "bulk stop": suggestBulkJobs,
		"soldiers drain": suggestSoldiers,
		"schedules get":  suggestSchedules, "schedules set": suggestSchedules, "schedules pause": suggestSchedules,
		"schedules resume": suggestSchedules, "schedules run": suggestSchedules, "schedules remove": suggestSchedules,
		"squads pause": suggestSquads, "squads resume": suggestSquads, "squads limit": suggestSquads, "squads remove": suggestSquads,
		"limits get": suggestKeys, "limits set": suggestKeys, "limits remove": suggestKeys,
	}
	everyCommand(root, func(cmd *cobra.Command) {
		for name, complete := range flags {
			if cmd.LocalFlags().Lookup(name) == nil {
				continue
			}
			_ = cmd.RegisterFlagCompletionFunc(name, complete) // an error: it has one of its own already, which is the better one
		}
		path := strings.TrimPrefix(cmd.CommandPath(), root.Name()+" ")
		if s, ok := arguments[path]; ok {
			cmd.ValidArgsFunction = firstOnly(conn.ask(s))
		}
		if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && !cmd.HasSubCommands() {
			cmd.ValidArgsFunction = cobra.NoFileCompletions
		}
	})
}

func lower[T ~string](values []T) []string {
	var out []string
	for _, v := range values {
		out = append(out, strings.ToLower(string(v)))
	}
	return out
}

func fixed(values ...string) cobra.CompletionFunc {
	return cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)
}

// firstOnly completes one argument and no second one.
func firstOnly(complete cobra.CompletionFunc) cobra.CompletionFunc {
	return func(cmd *cobra.Command, args []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		if len(args) > 0 {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		return complete(cmd, args, begun)
	}
}

// ask completes with what the commander says, or with nothing: a shell's prompt is no place for an error.
func (c *connection) ask(s suggest) cobra.CompletionFunc {
	return func(cmd *cobra.Command, _ []string, begun string) ([]cobra.Completion, cobra.ShellCompDirective) {
		const asTheyCome = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
		commander, err := c.client(client.Retry{Attempts: 1})
		if err != nil {
			return nil, asTheyCome
		}
		defer commander.CloseIdleConnections()
		ctx := cmd.Context()
		if ctx == nil {
			ctx = context.Background()
		}
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		words, err := s(ctx, commander)
		if err != nil {
			return nil, asTheyCome
		}
		return slices.DeleteFunc(words, func(w string) bool { return !strings.HasPrefix(w, begun) }), asTheyCome
	}
}

func suggestMissions(ctx context.Context, c *client.Client) ([]string, error) {
	page, err := c.ListPage(ctx, client.ListOptions{})
	if err != nil {
		return nil, err
	}
	var words []string
	for _, m := range page.Missions {
		words = append(words, m.MissionID+"\t"+strings.ToLower(string(m.Status))+" "+cliout.Cut(cliout.Plain(m.Name), 40))
	}
	return words, nil
}

func suggestSoldiers(ctx context.Context, c *client.Client) ([]string, error) {
	return ofSoldiers(ctx, c, func(s client.Soldier) []string { return []string{s.SoldierID + "\t" + soldierState(s)} })
}

func suggestKeys(ctx context.Context, c *client.Client) ([]string, error) {
	limits, err := c.Limits(ctx)
	var words []string
	for _, l := range limits {
		words = append(words, l.Key)
	}
	return words, err
}

func suggestSchedules(ctx context.Context, c *client.Client) ([]string, error) {
	all, err := c.Schedules(ctx)
	var words []string
	for _, s := range all.Schedules {
		words = append(words, s.Name)
	}
	return words, err
}

func suggestBulkJobs(ctx context.Context, c *client.Client) ([]string, error) {
	all, err := c.ListBulk(ctx)
	var words []string
	for _, j := range all.Jobs {
		words = append(words, j.ID)
	}
	return words, err
}

func suggestKinds(ctx context.Context, c *client.Client) ([]string, error) {
	return ofSoldiers(ctx, c, func(s client.Soldier) []string { return s.Kinds })
}

func suggestSquads(ctx context.Context, c *client.Client) ([]string, error) {
	all, err := c.Squads(ctx)
	var words []string
	for _, s := range all.Squads {
		words = append(words, s.Name)
	}
	return words, err
}

// ofSoldiers collects words of all that live.
func ofSoldiers(ctx context.Context, c *client.Client, words func(client.Soldier) []string) ([]string, error) {
	fleet, err := c.Soldiers(ctx)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, s := range fleet.Soldiers {
		if s.State == client.SoldierLive {
			all = append(all, words(s)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all), nil
}
