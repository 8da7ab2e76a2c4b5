package safepath

import (
	"os"
	"os/user"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// userGroup returns the id of the group that is the user's alone, -1 where there is
// none; root's is not asked for.
var userGroup = sync.OnceValue(func() int {
	u, err := user.Current()
	if err != nil || u.Uid == "0" {
		return -1
	}
	groups, err := os.ReadFile("/etc/group")
	if err != nil {
		return -1
	}
	users, err := os.ReadFile("/etc/passwd")
	if err != nil {
		return -1
	}
	return userOnly(u, string(groups), string(users))
})

// userOnly returns the id of the user's first group, if it has the user's name and
// nobody else is in it (group(5), passwd(5)), else -1. Where the group is kept
// elsewhere, in a directory service for instance, nobody here knows who is in it.
func userOnly(u *user.User, groups, users string) int {
	const name, id, groupOfUser, members = 0, 2, 3, 3
	alone := false
	for _, g := range fields(groups, members) {
		switch {
		case g[id] != u.Gid:
		case g[name] != u.Username || g[members] != "" && g[members] != u.Username:
			return -1
		default:
			alone = true
		}
	}
	others := slices.ContainsFunc(fields(users, groupOfUser), func(other []string) bool {
		return other[groupOfUser] == u.Gid && other[name] != u.Username
	})
	gid, err := strconv.Atoi(u.Gid)
	if !alone || others || err != nil {
		return -1
	}
	return gid
}

// fields returns the fields of the lines that have one with the given index.
func fields(lines string, last int) (all [][]string) {
	for line := range strings.Lines(lines) {
		if f := strings.Split(strings.TrimSpace(line), ":"); len(f) > last {
			all = append(all, f)
		}
	}
	return all
}
