package redisstore

import "github.com/redis/rueidis"

// Uncounted makes of a Store one of a release that counts no missions of squads.
func Uncounted(s *Store) *Store {
	s.scripts.commit = rueidis.NewLuaScript(checked(rowText + gatesText + tallyText + "counting = false\n" + applyText + commitText))
	return s
}
