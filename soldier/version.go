package soldier

import "runtime/debug"

// Version is the release of this module that is in the running program, or "dev" where it was built from a working tree.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "dev"
	}
	return versionIn(info)
}

func versionIn(info *debug.BuildInfo) string {
	const path = "github.com/mission-control-dev/mission-control/soldier"
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == path && m.Replace == nil && m.Version != "" && m.Version != "(devel)" {
			return m.Version
		}
	}
	return "dev"
}
