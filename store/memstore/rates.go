package memstore

import "time"

// rates counts by steps of 10 s since the Unix epoch.
type rates map[int64]rate

type rate struct{ created, completed, failed int64 }

const rateStep = 10

func (r rates) add(now time.Time, n rate) {
	step := now.Unix() / rateStep
	if _, known := r[step]; !known {
		for old := range r {
			if old < step-6 {
				delete(r, old)
			}
		}
	}
	r[step] = r[step].plus(n)
}

// lastMinute sums the six full steps before the current one.
func (r rates) lastMinute(now time.Time) rate {
	var sum rate
	step := now.Unix() / rateStep
	for i := step - 6; i < step; i++ {
		sum = sum.plus(r[i])
	}
	return sum
}

func (r rate) plus(n rate) rate {
	return rate{r.created + n.created, r.completed + n.completed, r.failed + n.failed}
}
