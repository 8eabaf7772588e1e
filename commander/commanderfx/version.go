package commanderfx

import "runtime/debug"

// Version is the commander's release, or "dev" where it was built from a working tree.
func Version() string {
	const path = "github.com/mission-control-dev/mission-control/commander"
	info, ok := debug.ReadBuildInfo()
	if !ok || info.Main.Path != path || info.Main.Version == "" || info.Main.Version == "(devel)" {
		return "dev"
	}
	return info.Main.Version
}
