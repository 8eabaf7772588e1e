package redisstore

import (
	_ "embed"

	"github.com/redis/rueidis"
)

// The scripts' texts. Each states its keys, arguments and answer.
var (
	//go:embed lua/apply.lua
	applyText string
	//go:embed lua/commit.lua
	commitText string
	//go:embed lua/create_all.lua
	createAllText string
	//go:embed lua/bury.lua
	buryText string
	//go:embed lua/take_due.lua
	takeDueText string
	//go:embed lua/clear_due.lua
	clearDueText string
	//go:embed lua/renew.lua
	renewText string
	//go:embed lua/sessions.lua
	sessionsText string
	//go:embed lua/list.lua
	listText string
	//go:embed lua/history.lua
	historyText string
	//go:embed lua/counts.lua
	countsText string
	//go:embed lua/events.lua
	eventsText string
	//go:embed lua/now.lua
	nowText string
)

// scripts are sent as EVALSHA, and whole where Redis does not know them yet. Those that write are sent once; those that
// only read may be repeated by the client after a network error.
type scripts struct {
	commit, createAll, bury                        *rueidis.Lua
	takeDue, clearDue, renew                       *rueidis.Lua
	sessions, list, history, counts, events, clock *rueidis.Lua
}

func newScripts() scripts {
	return scripts{
		commit:    rueidis.NewLuaScript(applyText + commitText),
		createAll: rueidis.NewLuaScript(applyText + createAllText),
		bury:      rueidis.NewLuaScript(applyText + buryText),
		takeDue:   rueidis.NewLuaScript(takeDueText),
		clearDue:  rueidis.NewLuaScript(clearDueText),
		renew:     rueidis.NewLuaScript(renewText),
		sessions:  rueidis.NewLuaScriptReadOnly(sessionsText),
		list:      rueidis.NewLuaScriptReadOnly(listText),
		history:   rueidis.NewLuaScriptReadOnly(historyText),
		counts:    rueidis.NewLuaScriptReadOnly(countsText),
		events:    rueidis.NewLuaScriptReadOnly(eventsText),
		clock:     rueidis.NewLuaScriptReadOnly(nowText),
	}
}
