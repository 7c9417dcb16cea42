"""The portal's addresses."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import include, path
from django.views.i18n import set_language

from caseflow.contrib.django.api import case_urls
from inquiries.views import case, citizen, office, public, publication, supervision

urlpatterns = [
    path("", public.home, name="home"),
    path("find/", public.find, name="find"),
    path("status/<case_id>/", public.status, name="status"),
    path("answers/", public.answers, name="answers"),
    path("answers/feed.atom", public.feed, name="feed"),
    path("answers/<case_id>/", public.answer, name="answer"),
    path("boards/", public.boards, name="boards"),
    path("leaders/", public.leaders, name="leaders"),
    path("ask/", citizen.ask, name="ask"),
    path("leaders/<office>/", citizen.ask, name="ask-leader"),
    path("mine/", citizen.mine, name="mine"),
    path("messages/", citizen.messages_page, name="messages"),
    path("rate/<token>/", citizen.rate, name="rate"),
    path("cases/<case_id>/", case.show, name="case"),
    path("cases/<case_id>/do/<action>/", case.act, name="act"),
    path("cases/<case_id>/attach/", case.attach, name="attach"),
    path("cases/<case_id>/files/<sha256>/", case.download, name="download"),
    path("cases/<case_id>/documents/<document>/", case.document, name="document"),
    path("cases/<case_id>/invite/", office.invite, name="invite"),
    path("cases/<case_id>/appeal/<level>/", office.appeal, name="appeal"),
    path("cases/<case_id>/publish/", publication.prepare, name="prepare"),
    path("desk/", office.desk_page, name="desk"),
    path("intake/", office.intake, name="intake"),
    path("cards/", supervision.cards, name="cards"),
    path("notices/", supervision.notices, name="notices"),
    path("appeals/", supervision.appeals, name="appeals"),
    path("appeals/<int:pk>/", supervision.decide, name="decide"),
    path("publications/", publication.proposals, name="proposals"),
    path("sign-in/", LoginView.as_view(), name="login"),
    path("sign-out/", LogoutView.as_view(), name="logout"),
    path("language/", set_language, name="set_language"),
    path("api/", include(case_urls())),
    path("admin/", admin.site.urls),
]
handler404 = "inquiries.middleware.not_found"
handler403 = "inquiries.middleware.forbidden"
