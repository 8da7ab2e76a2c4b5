//go:build unix

package safepath

import (
	"io/fs"
	"syscall"
)

func fileOwner(_ string, info fs.FileInfo) (owner, bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return owner{}, false
	}
	return owner{uid: int(stat.Uid), gid: int(stat.Gid)}, true
}
