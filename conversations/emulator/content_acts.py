"""
Media and content templates, for tests and demonstrations, without HTTP.
"""

from __future__ import annotations

from collections.abc import Mapping

from .._core.upstream import JSONValue
from .domain import content, media
from .domain.media import ANY_TYPE, Description
from .domain.records import SERVER, Caller
from .domain.service import Service
from .remote import Remote
from .views import MediaView, TemplateView


class ContentActs(Remote):
    """
    Acts of the server on media and templates.
    """

    # Media -----------------------------------------------------------------------------------

    def add_media(
        self,
        data: bytes,
        *,
        content_type: str = ANY_TYPE,
        filename: str | None = None,
        category: str = "media",
        author: str = SERVER.identity,
    ) -> MediaView:
        """
        Upload a content. ``send_message(media_sids=[…])`` makes it part of a message.

        Args:
            data: The content.
            content_type: Its type.
            filename: Its name.
            category: ``media`` for an attachment, ``body`` or ``history`` for e-mail.
            author: Whose it is.
        """

        def add(service: Service) -> MediaView:
            description = Description(
                content_type=content_type, filename=filename, category=media.category(category)
            )
            description.check(service)
            spool = media.new_content(service)
            spool.append(data)
            try:
                added = media.store(service, Caller(identity=author), description, spool)
            except BaseException:
                spool.close()
                raise
            return MediaView.of(added)

        return self._act(add)

    def get_media(self, sid: str) -> MediaView:
        """
        A media as it is now.
        """
        return self._act(lambda service: MediaView.of(media.find(service, sid)))

    def read_media(self, sid: str) -> bytes:
        """
        The whole content of a media.
        """

        def read(service: Service) -> bytes:
            found = media.find(service, sid)
            return found.content.read(0, found.content.size)

        return self._act(read)

    # Content templates -----------------------------------------------------------------------

    @property
    def content_templates(self) -> tuple[TemplateView, ...]:
        """
        The content templates. A new service has three: a text, a quick reply, a card.
        """
        return self._act(lambda service: tuple(map(TemplateView.of, service.templates.values())))

    def add_content_template(
        self,
        friendly_name: str,
        variants: Mapping[str, JSONValue],
        *,
        variables: Mapping[str, str] | None = None,
    ) -> TemplateView:
        """
        Define a content template.

        Args:
            friendly_name: Its name.
            variants: Content by type, such as ``{"twilio/text": {"body": "Hi {{1}}"}}``.
            variables: Names, with what stands for them unless a message says otherwise.
        """
        return self._act(
            lambda service: TemplateView.of(
                content.add(service, friendly_name, variables or {}, variants)
            )
        )

    def clear_content_templates(self) -> None:
        """
        Remove all content templates. Messages that were made from them stay.
        """
        self._act(lambda service: service.templates.clear())
