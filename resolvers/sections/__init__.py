"""The rows of the home, in the server's own order. A new kind of row is one file here and one line in `SECTIONS`.

Rows of one kind are spread among those that follow, so what stands behind one of many rows comes sooner than it looks.
"""

from resolvers.sections.because_you_watched import BecauseYouWatched
from resolvers.sections.community import Community
from resolvers.sections.continue_watching import ContinueWatching
from resolvers.sections.genre import GenreRows
from resolvers.sections.leaving_soon import LeavingSoon
from resolvers.sections.my_list import MyList
from resolvers.sections.new_releases import NewReleases
from resolvers.sections.scene import Scene, Section
from resolvers.sections.time_of_day import TimeOfDay
from resolvers.sections.top_ten import TopTen
from resolvers.sections.trending import Trending
from resolvers.sections.watch_again import WatchAgain

SECTIONS: tuple[Section, ...] = (
    ContinueWatching(),
    MyList(),
    TopTen(),
    BecauseYouWatched(),
    Trending(),
    NewReleases(),
    TimeOfDay(),
    GenreRows(),
    Community(),
    LeavingSoon(),
    WatchAgain(),
)

__all__ = ["SECTIONS", "Scene", "Section"]
