from __future__ import annotations

from conversations._core.sync.objects import ObjectType
from conversations._core.sync.registry import Registry
from tests.core.sync.harness import World


def test_an_entity_is_found_by_all_its_ids_until_it_is_removed() -> None:
    world = World()
    entity, _ = world.open_map(world.service.add("map", "m"))
    registry = Registry()
    registry.add(entity, "alias")
    for entity_id in (entity.sid, "m", "alias"):
        assert registry.find(ObjectType.MAP, entity_id) is entity
        assert registry.find(ObjectType.LIST, entity_id) is None
    assert registry.by_sid(entity.sid) is entity
    registry.remove(entity)
    for entity_id in (entity.sid, "m", "alias"):
        assert registry.find(ObjectType.MAP, entity_id) is None
    assert registry.by_sid(entity.sid) is None


def test_removing_an_entity_leaves_the_one_that_took_its_place() -> None:
    world = World()
    server_map = world.service.add("map", "m")
    first, _ = world.open_map(server_map)
    first.close()
    second, _ = world.open_map(server_map)
    registry = Registry()
    registry.add(first)
    registry.add(second)
    registry.remove(first)
    assert registry.by_sid(second.sid) is second
    assert registry.find(ObjectType.MAP, "m") is second


def test_a_renamed_entity_is_found_by_its_new_sid_and_its_name() -> None:
    world = World()
    entity, _ = world.open_map(world.service.add("map", "m"))
    registry = Registry()
    registry.add(entity)
    old_sid, entity.sid = entity.sid, "MP_new"
    registry.rename(entity, old_sid)
    assert registry.by_sid(old_sid) is None
    assert registry.find(ObjectType.MAP, old_sid) is None
    assert registry.find(ObjectType.MAP, "m") is entity
    assert registry.find(ObjectType.MAP, "MP_new") is entity
