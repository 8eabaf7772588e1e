package tokenauth

import (
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// freshness is how long an answer may be used by its Cache-Control and Age (RFC
// 9111, private cache), or silent where it doesn't say. What can't be read
// counts as no time at all. Expires and s-maxage are not looked at.
func freshness(h http.Header, silent time.Duration) time.Duration {
	age, said := time.Duration(0), false
	for directive := range strings.SplitSeq(strings.Join(h.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(directive), "=")
		switch strings.ToLower(name) {
		case "no-store", "no-cache":
			return 0
		case "max-age":
			seconds := readSeconds(strings.Trim(value, `"`))
			if !said || seconds < age {
				age, said = seconds, true // the strictest of several
			}
		}
	}
	if !said {
		return silent
	}
	return max(age-readSeconds(h.Get("Age")), 0)
}

// readSeconds reads delta-seconds; anything else is 0, more than fits is the most that does.
func readSeconds(text string) time.Duration {
	const most = math.MaxInt64 / int64(time.Second)
	seconds, err := strconv.ParseUint(text, 10, 64)
	if err != nil && seconds != math.MaxUint64 { // too large gives that
		return 0
	}
	return time.Duration(min(seconds, uint64(most))) * time.Second
}
