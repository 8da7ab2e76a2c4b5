package safepath

import (
	"os/user"
	"testing"
)

func TestUserGroup(t *testing.T) {
	t.Parallel()
	const users = "root:x:0:0:root:/root:/bin/sh\nalice:x:1000:1000::/home/alice:/bin/sh\nwww:x:33:33::/:/bin/false\n"
	tests := []struct {
		name, groups, users string
		want                int
	}{
		{"the user's alone", "root:x:0:\nalice:x:1000:\n", users, 1000},
		{"the user's, who is named as well", "alice:x:1000:alice\n", users, 1000},
		{"another user was added", "alice:x:1000:www\n", users, -1},
		{"another user was added beside this one", "alice:x:1000:alice,www\n", users, -1},
		{"it is another user's first group", "alice:x:1000:\n", users + "bob:x:1001:1000::/home/bob:/bin/sh\n", -1},
		{"it has another name", "users:x:1000:\n", users, -1},
		{"it has a second name", "alice:x:1000:\nusers:x:1000:\n", users, -1},
		{"nobody says who is in it", "root:x:0:\n", users, -1},
		{"lines that are none", "# a comment\n\nalice:x:1000:\n+\n", users, 1000},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			u := &user.User{Uid: "1000", Gid: "1000", Username: "alice"}
			if got := userOnly(u, tt.groups, tt.users); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}
