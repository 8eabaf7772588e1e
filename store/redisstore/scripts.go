package redisstore

import (
	"context"
	"crypto/sha1" //nolint:gosec // how Redis names scripts
	_ "embed"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
)

// The scripts' texts. Each states its keys, arguments and answer.
var (
	//go:embed lua/row.lua
	rowText string
	//go:embed lua/gates.lua
	gatesText string
	//go:embed lua/open_gate.lua
	openGateText string
	//go:embed lua/tally.lua
	tallyText string
	//go:embed lua/squad_counts.lua
	squadCountsText string
	//go:embed lua/recount.lua
	recountText string
	//go:embed lua/apply.lua
	applyText string
	//go:embed lua/epoch.lua
	epochText string
	//go:embed lua/settle.lua
	settleText string
	//go:embed lua/commit.lua
	commitText string
	//go:embed lua/create_all.lua
	createAllText string
	//go:embed lua/bury.lua
	buryText string
	//go:embed lua/trim.lua
	trimText string
	//go:embed lua/take_due.lua
	takeDueText string
	//go:embed lua/clear_due.lua
	clearDueText string
	//go:embed lua/unshelve.lua
	unshelveText string
	//go:embed lua/shelved.lua
	shelvedText string
	//go:embed lua/swap_broker.lua
	swapBrokerText string
	//go:embed lua/renew.lua
	renewText string
	//go:embed lua/drain.lua
	drainText string
	//go:embed lua/sessions.lua
	sessionsText string
	//go:embed lua/list.lua
	listText string
	//go:embed lua/history.lua
	historyText string
	//go:embed lua/report.lua
	reportText string
	//go:embed lua/log.lua
	logText string
	//go:embed lua/counts.lua
	countsText string
	//go:embed lua/events.lua
	eventsText string
	//go:embed lua/put_document.lua
	putDocumentText string
	//go:embed lua/delete_document.lua
	deleteDocumentText string
	//go:embed lua/take_deadlines.lua
	takeDeadlinesText string
	//go:embed lua/now.lua
	nowText string
)

// scripts are sent as EVALSHA, and whole where Redis does not know them yet. Those that write are sent once; those that
// only read may be repeated by the client after a network error.
type scripts struct {
	createAll                                      apart
	commit, bury, trim                             *rueidis.Lua
	takeDue, clearDue, renew, drain, openGate      *rueidis.Lua
	unshelve, shelved, swapBroker                  *rueidis.Lua
	sessions, list, history, counts, events, clock *rueidis.Lua
	settle, putDocument, deleteDocument            *rueidis.Lua
	report, log, takeDeadlines                     *rueidis.Lua
	squadCounts, recount                           *rueidis.Lua
}

func newScripts() scripts {
	return scripts{
		createAll:  newApart(checked(rowText + gatesText + tallyText + applyText + createAllText)),
		commit:     rueidis.NewLuaScript(checked(rowText + gatesText + tallyText + applyText + commitText)),
		bury:       rueidis.NewLuaScript(checked(rowText + gatesText + tallyText + applyText + buryText)),
		trim:       rueidis.NewLuaScript(checked(rowText + trimText)),
		takeDue:    rueidis.NewLuaScript(checked(rowText + gatesText + takeDueText)),
		clearDue:   rueidis.NewLuaScript(checked(rowText + clearDueText)),
		openGate:   rueidis.NewLuaScript(checked(rowText + gatesText + openGateText)),
		unshelve:   rueidis.NewLuaScript(checked(rowText + unshelveText)),
		shelved:    rueidis.NewLuaScriptReadOnly(checked(shelvedText)),
		swapBroker: rueidis.NewLuaScript(checked(swapBrokerText)),
		renew:      rueidis.NewLuaScript(checked(renewText)),
		drain:      rueidis.NewLuaScript(checked(drainText)),
		sessions:   rueidis.NewLuaScriptReadOnly(checked(sessionsText)),
		list:       rueidis.NewLuaScriptReadOnly(checked(listText)),
		history:    rueidis.NewLuaScriptReadOnly(checked(historyText)),
		counts:     rueidis.NewLuaScriptReadOnly(checked(countsText)),
		events:     rueidis.NewLuaScriptReadOnly(checked(eventsText)),
		clock:      rueidis.NewLuaScriptReadOnly(nowText),
		settle:     rueidis.NewLuaScript(settleText),

		putDocument:    rueidis.NewLuaScript(checked(putDocumentText)),
		deleteDocument: rueidis.NewLuaScript(checked(deleteDocumentText)),
		takeDeadlines:  rueidis.NewLuaScript(checked(rowText + takeDeadlinesText)),
		report:         rueidis.NewLuaScript(checked(reportText)),
		log:            rueidis.NewLuaScriptReadOnly(checked(logText)),
		squadCounts:    rueidis.NewLuaScriptReadOnly(checked("#!lua flags=no-writes\n" + tallyText + squadCountsText)),
		recount:        rueidis.NewLuaScript(checked(rowText + gatesText + tallyText + recountText)),
	}
}

// checked puts epoch.lua behind a script's first line, which must stay the first.
func checked(text string) string {
	first, rest, _ := strings.Cut(text, "\n")
	return first + "\n" + epochText + rest
}

// apart is a script whose calls may be so large that they have a connection of their own: neither do other calls wait
// behind one, nor does the client take a connection for dead on which nothing comes back for seconds.
type apart struct{ text, sha string }

func newApart(text string) apart {
	sum := sha1.Sum([]byte(text)) //nolint:gosec // how Redis names scripts
	return apart{text: text, sha: hex.EncodeToString(sum[:])}
}

// exec runs the script. It is sent once, and once more only where Redis does not know it yet.
func (a apart) exec(ctx context.Context, client rueidis.Client, keys, args []string) ([]string, error) {
	call := func(command, script string) ([]string, error) {
		return client.Do(ctx, client.B().Arbitrary(command, script, strconv.Itoa(len(keys))).Keys(keys...).Args(args...).Blocking()).AsStrSlice()
	}
	reply, err := call("EVALSHA", a.sha)
	var unknown *rueidis.RedisError
	if errors.As(err, &unknown) && unknown.IsNoScript() {
		return call("EVAL", a.text)
	}
	return reply, err
}
