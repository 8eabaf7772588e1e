// Package stranger tests what somebody gets who knows the modules by their versions alone: releases of the commit that is
// checked out, fetched through a module proxy into an empty folder. It has no code of its own.
//
// The releases are made by package release as real ones are, in a scratch copy of that commit alone, so that neither
// the history nor the tags of the checkout matter, and nothing of them stays. What is not committed is not tested.
package stranger
